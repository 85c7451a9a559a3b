import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import { AnalyticsCollections } from './collections';

/** Time between two looks, and before the first one, in milliseconds. */
const everyMs = 3_600_000;
const firstMs = 60_000;
/** As many as are counted of one collection. */
const mostCounted = 1_000;
const longestMs = 5_000;

/**
 * Looks for records that are never deleted, since they do not say when: what another program has imported may be so. They are
 * left as they are, and it is said how many there are.
 */
@Injectable()
export class ExpiryCheck implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: Recurring;
  private found = 0;

  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.job = new Recurring('analytics expiry check', everyMs, () => this.check(), logger);
  }

  onApplicationBootstrap(): void {
    this.metrics.gauge(
      'castellan_analytics_never_expiring_records',
      `Analytics records without expireAt, which MongoDB never deletes; ${mostCounted} of each collection are counted`,
      [],
      () => Promise.resolve([{ labels: {}, value: this.found }]),
    );
    this.job.soon(firstMs);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.job.stop();
  }

  async check(): Promise<void> {
    let found = 0;
    for (const collection of await this.collections.thatExpire()) {
      const options = { projection: { _id: 1 }, limit: mostCounted, maxTimeMS: longestMs };
      const { length } = await collection.find({ expireAt: null }, options).toArray();
      found += length;
      if (length === 0) continue;
      this.logger.warn(
        { collection: collection.collectionName, records: length },
        'There are records that do not say when they expire, and are never deleted',
      );
    }
    this.found = found;
  }
}
