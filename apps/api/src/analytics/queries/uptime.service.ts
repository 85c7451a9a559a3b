import { Injectable } from '@nestjs/common';
import { ZoneClock, type UptimeDocument } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import type { OrganisationContext } from '../../http/request-context';
import { AnalyticsCollections } from '../storage/collections';
import { inTime } from '../storage/in-time';
import { daysOf, wholeOf, type RangeParams } from './range';
import { AnalyticsRights } from './rights';
import type { UptimeDto } from './uptime.dto';

/** How long a check says something when no other follows, in milliseconds. */
const holdsMs = 10 * 60_000;

interface Host {
  readonly url: string;
  readonly apiId: string;
  checks: number;
  failed: number;
  outages: number;
  upMs: number;
  knownMs: number;
  requestTime: number;
  last: { readonly at: number; readonly up: boolean } | null;
}

/** Availability by time, from the checks that gateways made. */
@Injectable()
export class UptimeService {
  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rights: AnalyticsRights,
    private readonly clock: Clock,
  ) {}

  /** @throws ValidationFailed, Forbidden */
  async list(
    context: OrganisationContext,
    params: RangeParams,
    tz: string,
    apiId: string | undefined,
  ): Promise<readonly UptimeDto[]> {
    const { from, until } = wholeOf(daysOf(params), new ZoneClock(tz));
    const scope = await this.rights.scope(context, apiId);
    const hosts = new Map<string, Host>();
    const checks = this.collections.uptime
      .find({
        orgid: context.organisation,
        timestamp: inTime(from, until),
        ...(scope === null ? {} : { apiid: { $in: [...scope] } }),
      })
      .sort({ timestamp: 1 });
    for await (const check of checks) addCheck(hosts, check);
    const end = Math.min(until.getTime(), this.clock.millis());
    return [...hosts.values()].map((host) => presented(host, end)).sort((a, b) => (a.url < b.url ? -1 : 1));
  }
}

const addCheck = (hosts: Map<string, Host>, check: UptimeDocument): void => {
  const name = JSON.stringify([check.apiid, check.url]);
  const { url, apiid: apiId } = check;
  const fresh = { checks: 0, failed: 0, outages: 0, upMs: 0, knownMs: 0, requestTime: 0, last: null };
  const host: Host = hosts.get(name) ?? { url, apiId, ...fresh };
  hosts.set(name, host);
  const up = !check.tcperror && !check.servererror;
  const at = check.timestamp.getTime();
  hold(host, at);
  host.checks += 1;
  host.requestTime += check.requesttime;
  if (!up) host.failed += 1;
  if (!up && host.last?.up !== false) host.outages += 1;
  host.last = { at, up };
};

/** The last check holds until this instant, or as long as one does. */
const hold = (host: Host, until: number): void => {
  if (host.last === null) return;
  const heldMs = Math.max(Math.min(until - host.last.at, holdsMs), 0);
  host.knownMs += heldMs;
  if (host.last.up) host.upMs += heldMs;
};

const presented = (host: Host, end: number): UptimeDto => {
  hold(host, end);
  const { url, apiId, checks, failed, outages, upMs, knownMs, requestTime, last } = host;
  const up = last?.up ?? false;
  return {
    url,
    api_id: apiId,
    checks,
    failed,
    availability: knownMs === 0 ? (up ? 100 : 0) : Math.round((upMs / knownMs) * 1_000_000) / 10_000,
    outages,
    up,
    last_check: new Date(last?.at ?? 0).toISOString(),
    request_time: checks === 0 ? 0 : requestTime / checks,
  };
};
