import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, LOGGER, Metrics, type Logger } from '@castellan/observability';
import { AuditLedger, AuditStore, type AuditOwner } from '@castellan/persistence';
import { BackgroundJob, type MayGoOn } from './background-job';
import { ReplicaLock } from './replica-lock';

/** Records that are sealed in one transaction. */
const batchSize = 200;
/** Longest and shortest pause between two runs, in milliseconds. */
const pauseMs = { longest: 10_000, shortest: 200 };

/**
 * Numbers the audit records of each owner and chains their hashes, once they are so old that no transaction under way
 * can still add an older one. One that comes later all the same gets the next number: the chain is in the order of
 * sealing, and holds whatever the times say.
 */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: BackgroundJob;

  constructor(
    private readonly ledger: AuditLedger,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    store: AuditStore,
    lock: ReplicaLock,
    metrics: Metrics,
  ) {
    const everyMs = Math.min(Math.max(config.auditSettleMs / 4, pauseMs.shortest), pauseMs.longest);
    this.job = new BackgroundJob('audit sealing', everyMs, (mayGoOn) => this.sealAll(mayGoOn), lock, logger);
    metrics.gauge('castellan_audit_unsealed', 'Audit records that are not sealed yet', [], async () => [
      { labels: {}, value: await store.unsealedOfAll() },
    ]);
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.job.stop();
  }

  /** Seals everything that is old enough. */
  async sealAll(mayGoOn: MayGoOn): Promise<void> {
    const before = new Date(this.clock.millis() - this.config.auditSettleMs);
    for (const owner of await this.ledger.ownersToSeal(before)) {
      if (!(await this.sealOwner(owner, before, mayGoOn))) return;
    }
  }

  private async sealOwner(owner: AuditOwner, before: Date, mayGoOn: MayGoOn): Promise<boolean> {
    try {
      for (;;) {
        if (!(await mayGoOn())) return false;
        if ((await this.ledger.seal(owner, before, batchSize)) < batchSize) return true;
      }
    } catch (error) {
      // A chain that does not go on must not keep the others from going on.
      this.logger.error({ err: error, owner }, 'Audit records could not be sealed');
      return true;
    }
  }
}
