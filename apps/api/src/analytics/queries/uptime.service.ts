import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import { ZoneClock, type UptimeDocument } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import { OrganisationStore } from '@castellan/persistence';
import type { SpanContext } from '../../http/request-context';
import { AnalyticsCollections } from '../storage/collections';
import { inTime } from '../storage/in-time';
import { daysOf, wholeOf, type RangeParams } from './range';
import { longestReadMs, ReadingTime, withinTime } from './reading-limits';
import { AnalyticsRights } from './rights';
import { CheckedHost } from './checked-host';
import type { UptimeAsked } from './uptime.query';
import type { UptimeDto } from './uptime.dto';

/** Checks that are counted before other requests get a turn. */
const atOnce = 500;

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
    const wanted = {
      // The time comes first: a database that follows one condition alone follows that one.
      timestamp: inTime(from, until),
      orgid: { $in: [...(await this.organisations.idsOf(context.organisation))] },
      ...(scope === null ? {} : { apiid: { $in: [...scope] } }),
    };
    await withinTime(async () => {
      for await (const [name, check] of this.checks(wanted)) {
        const host = hosts.get(name) ?? new CheckedHost(check.url, check.apiid, failures);
        hosts.set(name, host);
        host.add(check);
      }
    });
    const end = Math.min(until.getTime(), this.clock.millis());
    return [...hosts.values()].map((host) => host.upTo(end)).sort((a, b) => (a.url < b.url ? -1 : 1));
  }

  /** In the order of time, each with a name of the address. */
  private async *checks(wanted: mongo.Filter<UptimeDocument>): AsyncGenerator<readonly [string, UptimeDocument]> {
    const time = new ReadingTime();
    let read = 0;
    const checks = this.collections.uptime.find(wanted, { maxTimeMS: longestReadMs }).sort({ timestamp: 1 });
    for await (const check of checks) {
      if ((read += 1) % atOnce === 0) {
        await nextTurn();
        time.check();
      }
      yield [JSON.stringify([check.apiid, check.url]), check];
    }
  }
}
