import { Injectable } from '@nestjs/common';
import { bucketStart } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import type { OrganisationId } from '@castellan/persistence';
import { PurgerLease } from '../purger/purger-lease';
import { AnalyticsCollections } from '../storage/collections';
import { rowsIn } from '../storage/sums-document';

/** The time of which we have sums. */
export interface OwnTime {
  /** Beginning of the first hour that has any; null when nobody has stored anything before. */
  readonly first: Date | null;
  /** Beginning of the last one; null while a purger of ours goes on. */
  readonly last: Date | null;
}

/** How long it is remembered where the sums of an organisation begin, in milliseconds. */
const rememberedMs = 60_000;
const mostRemembered = 10_000;

/** How far our own sums of an organisation go, where tyk-pump was there before us or has taken over. */
@Injectable()
export class OwnSums {
  private readonly firsts = new Map<string, { readonly until: number; readonly first: Date | null }>();

  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly lease: PurgerLease,
    private readonly clock: Clock,
  ) {}

  /** @returns null when there are none */
  async timeOf(organisation: OrganisationId): Promise<OwnTime | null> {
    if (!this.collections.purgedElsewhere) {
      const known = this.firsts.get(organisation);
      if (known !== undefined && known.until > this.clock.millis()) return { first: known.first, last: null };
    }
    const begins = await this.begin(organisation);
    if (begins === null) return null;
    const first = (await this.hasEarlier(organisation, begins)) ? begins : null;
    if (this.firsts.size >= mostRemembered) this.firsts.clear();
    this.firsts.set(organisation, { until: this.clock.millis() + rememberedMs, first });
    const goesOn = !this.collections.purgedElsewhere || (await this.lease.isAnybodys());
    return { first, last: goesOn ? null : await this.lastHour(organisation) };
  }

  /** Where the sums begin: with an hour or, when those by the hour have expired, with a day. */
  async begin(organisation: OrganisationId): Promise<Date | null> {
    const hours = [await this.merged(organisation, 'hour', 1), await this.waiting(organisation, 'first')];
    const hour = earliest(hours);
    const day = await this.merged(organisation, 'day', 1);
    return hour === null || (day !== null && day < bucketStart('day', hour)) ? day : hour;
  }

  private async lastHour(organisation: OrganisationId): Promise<Date | null> {
    const hours = [await this.merged(organisation, 'hour', -1), await this.waiting(organisation, 'last')];
    return latest(hours);
  }

  /** Beginning of the first or of the last bucket of what is merged. */
  private async merged(orgId: OrganisationId, unit: 'hour' | 'day', order: 1 | -1): Promise<Date | null> {
    const found = this.collections.sums.find({ orgId, kind: 'total', unit }).sort({ at: order }).limit(1);
    const starts = (await found.toArray()).flatMap(rowsIn).map(({ at }) => at.getTime());
    if (starts.length === 0) return null;
    return new Date(order === 1 ? Math.min(...starts) : Math.max(...starts));
  }

  /** The first or the last hour of what is not merged yet. */
  private async waiting(orgId: OrganisationId, field: 'first' | 'last'): Promise<Date | null> {
    const found = this.collections.segments
      .find({ orgId }, { projection: { [field]: 1 } })
      .sort({ [field]: field === 'first' ? 1 : -1 })
      .limit(1);
    const [segment] = await found.toArray();
    return segment === undefined ? null : bucketStart('hour', segment[field]);
  }

  /** Whether another program has stored anything from before. */
  private async hasEarlier(orgid: OrganisationId, begins: Date): Promise<boolean> {
    const { own, mixed } = this.collections.aggregates(orgid);
    // The time comes first: a database that follows one condition alone follows that one.
    const earlier = { timestamp: { $lt: begins }, orgid };
    const options = { projection: { _id: 1 } } as const;
    for (const collection of [own, mixed]) if ((await collection.findOne(earlier, options)) !== null) return true;
    for (const { collection } of await this.collections.recordsToRead(orgid)) {
      if ((await collection.findOne(earlier, options)) !== null) return true;
    }
    return false;
  }
}

const known = (dates: readonly (Date | null)[]): readonly number[] =>
  dates.flatMap((date) => (date === null ? [] : [date.getTime()]));

const earliest = (dates: readonly (Date | null)[]): Date | null => {
  const times = known(dates);
  return times.length === 0 ? null : new Date(Math.min(...times));
};

const latest = (dates: readonly (Date | null)[]): Date | null => {
  const times = known(dates);
  return times.length === 0 ? null : new Date(Math.max(...times));
};
