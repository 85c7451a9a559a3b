import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Subscription } from 'rxjs';
import { type ConfigurationChanged, REDIS } from '@castellan/delivery';
import { Clock, LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import { ChangeRecorder, Outbox, type OutboxRow } from '@castellan/persistence';
import { Coalescer } from './coalescer';
import { Serving } from './serving';
import { Signals } from './signals';

const batchSize = 100;
/** Pause between two looks for what another replica left behind when it died, in milliseconds. */
const sweepMs = 1_000;

const eventOf = ({ orgId, generation, changes }: OutboxRow): ConfigurationChanged => ({
  reason: 'change',
  organisation: orgId.toString(),
  generation,
  changes,
});

/**
 * Publishes what the outbox holds: at once after a commit of this replica, and by a sweep whatever a crash or a Redis
 * outage left behind. An entry may be published twice, never not at all (promises 1 and 4).
 */
@Injectable()
export class Dispatcher implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly draining = new Coalescer(() => this.drain());
  private readonly sweep: Recurring;
  private subscription: Subscription | null = null;

  constructor(
    private readonly changes: ChangeRecorder,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
    private readonly serving: Serving,
    private readonly clock: Clock,
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.sweep = new Recurring('outbox sweep', sweepMs, () => this.draining.run(), logger);
    metrics.gauge(
      'castellan_outbox_lag_seconds',
      'Age of the oldest change that was not published yet; 0 when there is none',
      [],
      () => this.lag(),
    );
  }

  onApplicationBootstrap(): void {
    this.subscription = this.changes.nodeChanges.subscribe(() => {
      this.draining.run().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'A change could not be published yet; the sweep will');
      });
    });
    this.redis.on('ready', this.sweepNow);
    this.sweep.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.subscription?.unsubscribe();
    this.redis.off('ready', this.sweepNow);
    await this.sweep.stop();
  }

  private readonly sweepNow = (): void => {
    this.sweep.soon();
  };

  private async drain(): Promise<void> {
    for (;;) {
      const pending = await this.outbox.pending(batchSize);
      const entries = await this.publishable(pending);
      if (entries.length === 0) return;
      await this.signals.publish(
        entries.filter(({ reload }) => reload).map(eventOf),
        entries.flatMap(({ effects }) => effects),
      );
      await this.outbox.markPublished(
        entries.map(({ _id }) => _id),
        this.clock.now(),
      );
      // Whoever has committed meanwhile has asked for another run, and what others left behind the sweep finds.
      if (pending.length < batchSize) return;
    }
  }

  /** In order, up to the first entry that would make nodes come when they cannot be served. */
  private async publishable(pending: readonly OutboxRow[]): Promise<readonly OutboxRow[]> {
    const reload = pending.findIndex(({ reload }) => reload);
    if (reload < 0 || (await this.serving.isReady())) return pending;
    this.logger.debug('Nodes cannot be served now; what they should load is announced later');
    return pending.slice(0, reload);
  }

  private async lag(): Promise<readonly { labels: Record<string, string>; value: number }[]> {
    const oldest = await this.outbox.oldestPending();
    return [{ labels: {}, value: oldest === null ? 0 : (this.clock.millis() - oldest.getTime()) / 1_000 }];
  }
}
