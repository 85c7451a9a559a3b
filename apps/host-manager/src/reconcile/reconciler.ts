import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type HostManagerConfig } from '@castellan/config';
import { LOGGER, Recurring, type Logger } from '@castellan/observability';
import { REDIS } from '@castellan/delivery';
import { Reports } from '../rollout/reports';
import type { RolloutReason } from '../rollout/reloader';
import { RolloutService } from '../rollout/rollout.service';

/**
 * Has it looked whether each gateway runs what MongoDB says: at start, whenever Redis comes back, and on a timer. A lost
 * event delays a change and never loses it (promise 4).
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop: Recurring;
  private reason: RolloutReason = 'start';

  constructor(
    private readonly rollout: RolloutService,
    private readonly reports: Reports,
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(CONFIG) config: HostManagerConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.loop = new Recurring('reconciliation', config.reconcileMs, () => this.reconcile(), logger);
  }

  onApplicationBootstrap(): void {
    this.redis.on('ready', this.reconnected);
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.redis.off('ready', this.reconnected);
    await this.loop.stop();
  }

  private readonly reconnected = (): void => {
    this.reason = 'reconnect';
    this.loop.soon();
  };

  private async reconcile(): Promise<void> {
    this.rollout.request(this.reason);
    this.reason = 'reconcile';
    await this.reports.publishAgain();
  }
}
