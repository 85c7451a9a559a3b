import { Controller, Res } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { int32, NotFound } from '@castellan/dto';
import { Clock } from '@castellan/observability';
import { Requires } from '@castellan/rbac';
import { sendNotes } from '../http/notes';
import { oneOf, text } from '../http/query/parameter';
import { AskedFor, RouteQuery, type Asked } from '../http/query/query';
import { OrganisationRequest, type OrganisationContext } from '../http/request-context';
import { Route } from '../http/route';
import { StatsService, type Amount } from './stats.service';

const day = (description: string) =>
  text({ description, pattern: /^\d{4}-\d{2}-\d{2}$/, looks: 'a day, such as 2030-01-31', example: '2030-01-31' });

const statsQuery = new RouteQuery({
  start_day: day('The first day'),
  end_day: day('The last day'),
  resolution: oneOf(['day'], { description: 'There is one' }),
  entity: oneOf(['apis', 'dataplanes', 'dataplanes.gateways'], { description: 'Only figures of these' }),
});

/** Clients read a number where there is no limit: the largest that all of them can hold. */
const unlimited = 2 ** 31 - 1;

class StatsOfDayDto {
  @ApiProperty({ format: 'date', example: '2030-01-31' })
  readonly date!: string;

  @ApiProperty({ ...int32 })
  readonly avg_usage!: number;

  @ApiProperty({ ...int32 })
  readonly min_usage!: number;

  @ApiProperty({ ...int32 })
  readonly max_usage!: number;

  @ApiProperty({ ...int32 })
  readonly avg_active_usage!: number;

  @ApiProperty({ ...int32 })
  readonly min_active_usage!: number;

  @ApiProperty({ ...int32 })
  readonly max_active_usage!: number;

  @ApiProperty({ ...int32, example: unlimited, description: 'There is no limit' })
  readonly license_entitlement!: number;

  @ApiProperty({ ...int32, example: unlimited, description: 'There is no limit' })
  readonly license_entitlement_active!: number;
}

class StatsDto {
  @ApiProperty({ type: [StatsOfDayDto] })
  readonly apis!: readonly StatsOfDayDto[];

  @ApiProperty({ type: [StatsOfDayDto], description: 'Empty: there are no data planes apart' })
  readonly dataplanes!: readonly StatsOfDayDto[];

  @ApiProperty({ type: [StatsOfDayDto] })
  readonly dataplanes_gateways!: readonly StatsOfDayDto[];
}

class StatsReply {
  @ApiProperty({ example: 'OK' })
  readonly status!: string;

  @ApiProperty({ example: '' })
  readonly message!: string;

  @ApiProperty({ type: StatsDto })
  readonly stats!: StatsDto;
}

/** How much of it there is now; no days that are over are kept. */
const statsOf = (date: string, { all, active }: Amount): StatsOfDayDto => ({
  date,
  avg_usage: all,
  min_usage: all,
  max_usage: all,
  avg_active_usage: active,
  min_active_usage: active,
  max_active_usage: active,
  license_entitlement: unlimited,
  license_entitlement_active: unlimited,
});

/** What clients of Tyk ask to see whether a Dashboard lives, and how much it holds (docs/tyk/management.md#nodes). */
@ApiTags('System')
@Controller('api/system/stats')
export class StatsController {
  constructor(
    private readonly amounts: StatsService,
    private readonly clock: Clock,
  ) {}

  @Route.get('', {
    access: Requires('system', 'read', 'Get System Stats'),
    id: 'getSystemStats',
    summary: 'How many APIs and gateways there are today; earlier days are not kept',
    reply: StatsReply,
    errors: [404],
  })
  async stats(
    @OrganisationRequest() context: OrganisationContext,
    @AskedFor(statsQuery) { start_day: start, end_day: end, entity }: Asked<typeof statsQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StatsReply> {
    const today = this.clock.now().toISOString().slice(0, 10);
    if ((start !== undefined && start > today) || (end !== undefined && end < today)) {
      throw new NotFound('Stats not found.');
    }
    sendNotes(reply, [{ path: 'stats', message: 'are those of today; earlier days are not kept' }]);
    const isWanted = (name: string): boolean => entity === undefined || entity === name;
    const apis = isWanted('apis') ? [statsOf(today, await this.amounts.ofApis(context))] : [];
    const gateways = isWanted('dataplanes.gateways') ? [statsOf(today, await this.amounts.ofGateways(context))] : [];
    return { status: 'OK', message: '', stats: { apis, dataplanes: [], dataplanes_gateways: gateways } };
  }
}
