import { Body, Controller, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AnyUser } from '@castellan/rbac';
import { OrganisationStrategy } from '../../auth/organisation-strategy';
import {
  organisationContextOf,
  OrganisationRequest,
  SpanRequest,
  type ApiRequest,
  type OrganisationContext,
  type SpanContext,
} from '../../http/request-context';
import { Route } from '../../http/route';
import { LiveService } from './live.service';
import { QueryBodyDto, queryExample, QueryReplyDto, readQuery } from './query.body';
import { QueryService } from './query.service';
import { AnalyticsRights, type Scope } from './rights';

const rights = 'Needs `analytics`, or `owned_analytics` for the APIs that the user owns.';

/** Questions of one's own making, and what goes on right now. */
@ApiTags('Analytics')
@Controller('api/analytics')
export class AnalyticsController {
  constructor(
    private readonly queries: QueryService,
    private readonly live: LiveService,
    private readonly rights: AnalyticsRights,
    private readonly callers: OrganisationStrategy,
  ) {}

  @Route.post('query', {
    access: AnyUser('Analytics Query'),
    id: 'queryAnalytics',
    summary: 'Ask for any figures by any dimensions',
    description: `${rights} Latencies are milliseconds; percentiles are within 1 %, unique callers within some 2 %.`,
    body: QueryBodyDto,
    example: queryExample,
    reply: QueryReplyDto,
    everywhere: true,
    errors: [403],
  })
  async query(@SpanRequest() context: SpanContext, @Body() body: unknown): Promise<QueryReplyDto> {
    return this.queries.answer(context, readQuery(body));
  }

  @Route.get('live', {
    access: AnyUser('Analytics Live'),
    id: 'liveAnalytics',
    summary: 'The last minute, second by second, as server-sent events',
    description: `${rights} Each second an event \`minute\` with \`seconds\`, a list of 60 \`{at, hits, errors}\`, and with \`skipped\`, the events that were left out because the reader was slow. Requests show up when they are stored, a second or two after they were made. An event \`ended\` says that the caller may not see it any more.`,
    reply: { schema: { type: 'string' } },
    produces: ['text/event-stream'],
    errors: [403],
  })
  async stream(
    @OrganisationRequest() context: OrganisationContext,
    @Req() request: ApiRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.rights.scope(context);
    const scopeNow = async (): Promise<Scope> => {
      request.principal = await this.callers.stillThere(request, context.user);
      return this.rights.scope(organisationContextOf(request));
    };
    this.live.open(context.organisation, scopeNow, reply);
  }
}
