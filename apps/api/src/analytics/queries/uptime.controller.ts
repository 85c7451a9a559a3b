import { Controller, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AnyUser } from '@castellan/rbac';
import { AskedFor, RouteQuery, type Asked } from '../../http/query/query';
import { text } from '../../http/query/parameter';
import { OrganisationRequest, type OrganisationContext } from '../../http/request-context';
import { Route } from '../../http/route';
import { zone } from './figures.query';
import { rangeParams, rangePath, type RangeParams } from './range';
import { UptimeListDto } from './uptime.dto';
import { UptimeService } from './uptime.service';

const uptimeQuery = new RouteQuery({
  api_id: text({ description: 'Of one API, by its `api_id`', maxLength: 256 }),
  tz: zone,
});

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
    errors: [403],
  })
  async list(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(uptimeQuery) query: Asked<typeof uptimeQuery>,
    @Param() params: RangeParams,
  ): Promise<UptimeListDto> {
    return { data: await this.uptime.list(context, params, query.tz, query.api_id), pages: 0 };
  }
}
