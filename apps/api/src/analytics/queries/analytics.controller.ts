import { Body, Controller, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AnyUser } from '@castellan/rbac';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { Route } from '../../http/route';
import { LiveService } from './live.service';
import { QueryBodyDto, queryExample, QueryReplyDto, readQuery } from './query.body';
import { QueryService } from './query.service';
import { AnalyticsRights } from './rights';

const rights = 'Needs `analytics`, or `owned_analytics` for the APIs that the user owns.';

/** Questions of one's own making, and what goes on right now. */
@ApiTags('Analytics')
@Controller('api/analytics')
export class AnalyticsController {
  constructor(
    private readonly queries: QueryService,
    private readonly live: LiveService,
    private readonly rights: AnalyticsRights,
  ) {}

  @Route.post('query', {
    access: AnyUser('Analytics Query'),
    id: 'queryAnalytics',
    summary: 'Ask for any figures by any dimensions',
    description: `${rights} Latencies are milliseconds; percentiles are within 1 %, unique callers within some 2 %.`,
    body: QueryBodyDto,
    example: queryExample,
    reply: QueryReplyDto,
    errors: [403],
  })
  async query(@OrganisationRequest() context: OrganisationContext, @Body() body: unknown): Promise<QueryReplyDto> {
    return this.queries.answer(context, readQuery(body));
  }

  @Route.get('live', {
    access: AnyUser('Analytics Live'),
    id: 'liveAnalytics',
    summary: 'The last minute, second by second, as server-sent events',
    description: `${rights} Each second an event \`minute\` with \`seconds\`, a list of 60 \`{at, hits, errors}\`, and with \`skipped\`, the events that were left out because the reader was slow. Requests show up when they are stored, a second or two after they were made.`,
    reply: { schema: { type: 'string' } },
    produces: ['text/event-stream'],
    errors: [403, 429],
  })
  async stream(@OrganisationRequest() context: OrganisationContext, @Res() reply: FastifyReply): Promise<void> {
    const scope = await this.rights.scope(context);
    this.live.open(context.organisation, scope, reply);
  }
}
