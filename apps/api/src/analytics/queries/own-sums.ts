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

const all: OwnTime = { first: null, last: null };

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
    // Sums of nothing are right where nothing has been stored.
    if (begins === null) return (await this.hasEarlier(organisation)) ? null : all;
    const first = (await this.hasEarlier(organisation, begins)) ? begins : null;
    if (this.firsts.size >= mostRemembered) this.firsts.clear();
    this.firsts.set(organisation, { until: this.clock.millis() + rememberedMs, first });
    const goesOn = !this.collections.purgedElsewhere || (await this.lease.isAnybodys());
    return { first, last: goesOn ? null : await this.end(organisation, 'hour', -1) };
  }

  /** Where the sums begin: with an hour or, when those by the hour have expired, with a day. */
  async begin(organisation: OrganisationId): Promise<Date | null> {
    const hour = await this.end(organisation, 'hour', 1);
    const day = await this.end(organisation, 'day', 1);
    return hour === null || (day !== null && day < bucketStart('day', hour)) ? day : hour;
  }

  /** Beginning of the first or of the last bucket that has any. */
  private async end(orgId: OrganisationId, unit: 'hour' | 'day', order: 1 | -1): Promise<Date | null> {
    const { sums, segments } = this.collections;
    const [merged] = await sums.find({ orgId, kind: 'total', unit }).sort({ at: order }).limit(1).toArray();
    const field = order === 1 ? 'first' : 'last';
    const [waiting] = await segments
      .find({ orgId }, { projection: { first: 1, last: 1 } })
      .sort({ [field]: order })
      .limit(1)
      .toArray();
    const starts = merged === undefined ? [] : rowsIn(merged).map(({ at }) => at.getTime());
    if (waiting !== undefined) starts.push(bucketStart(unit, waiting[field]).getTime());
    if (starts.length === 0) return null;
    return new Date(order === 1 ? Math.min(...starts) : Math.max(...starts));
  }

  /** Whether another program has stored anything, from before an instant where one is given. */
  private async hasEarlier(orgid: OrganisationId, begins?: Date): Promise<boolean> {
    const { own, mixed } = this.collections.aggregates(orgid);
    const earlier = { orgid, ...(begins === undefined ? {} : { timestamp: { $lt: begins } }) };
    const options = { projection: { _id: 1 } } as const;
    for (const collection of [own, mixed]) if ((await collection.findOne(earlier, options)) !== null) return true;
    for (const collection of await this.collections.recordsToRead(orgid)) {
      if ((await collection.findOne(earlier, options)) !== null) return true;
    }
    return false;
  }
}
