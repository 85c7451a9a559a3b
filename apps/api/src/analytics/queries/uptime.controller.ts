import { Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AnyUser } from '@castellan/rbac';
import { AskedFor } from '../../http/query/query';
import { SpanRequest, type SpanContext } from '../../http/request-context';
import { Route } from '../../http/route';
import { rangeParams, rangePath, type RangeParams } from './range';
import { UptimeListDto } from './uptime.dto';
import { uptimeQuery, type UptimeAsked } from './uptime.query';
import { UptimeService } from './uptime.service';

/** What host checkers found of upstreams. */
@ApiTags('Analytics')
@Controller('api/uptime')
export class UptimeController {
  constructor(private readonly uptime: UptimeService) {}

  @Route.get(rangePath, {
    access: AnyUser('Uptime'),
    id: 'uptime',
    summary: 'How available each checked address was',
    description: 'Needs `analytics`, or `owned_analytics` for the APIs that the user owns.',
    params: rangeParams,
    reply: UptimeListDto,
    everywhere: true,
    errors: [403],
  })
  async list(
    @SpanRequest() context: SpanContext,
    @AskedFor(uptimeQuery) query: UptimeAsked,
    @Param() params: RangeParams,
  ): Promise<UptimeListDto> {
    return { data: await this.uptime.list(context, params, query), pages: 0 };
  }
}
