import { Injectable } from '@nestjs/common';
import { ZoneClock } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import { OrganisationStore } from '@castellan/persistence';
import type { SpanContext } from '../../http/request-context';
import { AnalyticsCollections } from '../storage/collections';
import { inTime } from '../storage/in-time';
import { daysOf, wholeOf, type RangeParams } from './range';
import { AnalyticsRights } from './rights';
import { CheckedHost } from './checked-host';
import type { UptimeAsked } from './uptime.query';
import type { UptimeDto } from './uptime.dto';

/** Availability by time, from the checks that gateways made. */
@Injectable()
export class UptimeService {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rights: AnalyticsRights,
    private readonly organisations: OrganisationStore,
    private readonly clock: Clock,
  ) {}

  /** @throws ValidationFailed, Forbidden */
  async list(
    context: SpanContext,
    params: RangeParams,
    { tz, api_id: apiId, failures = 1 }: UptimeAsked,
  ): Promise<readonly UptimeDto[]> {
    const { from, until } = wholeOf(daysOf(params), new ZoneClock(tz));
    const scope = await this.rights.scope(context, apiId);
    const hosts = new Map<string, CheckedHost>();
    const checks = this.collections.uptime
      .find({
        orgid: { $in: [...(await this.organisations.idsOf(context.organisation))] },
        timestamp: inTime(from, until),
        ...(scope === null ? {} : { apiid: { $in: [...scope] } }),
      })
      .sort({ timestamp: 1 });
    for await (const check of checks) {
      const name = JSON.stringify([check.apiid, check.url]);
      const host = hosts.get(name) ?? new CheckedHost(check.url, check.apiid, failures);
      hosts.set(name, host);
      host.add(check);
    }
    const end = Math.min(until.getTime(), this.clock.millis());
    return [...hosts.values()].map((host) => host.upTo(end)).sort((a, b) => (a.url < b.url ? -1 : 1));
  }
}
