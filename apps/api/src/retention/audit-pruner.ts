import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, LOGGER, type Logger } from '@castellan/observability';
import { AuditLedger, type AuditOwner } from '@castellan/persistence';
import { BackgroundJob, type MayGoOn } from './background-job';
import { ReplicaLock } from './replica-lock';
import { daysBefore, retentionPauseMs } from './time';

/** Records that are deleted in one transaction. */
const batchSize = 200;

/** Deletes sealed audit records that are older than the installation keeps them. */
@Injectable()
export class AuditPruner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly job: BackgroundJob;

  constructor(
    private readonly ledger: AuditLedger,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    lock: ReplicaLock,
  ) {
    this.job = new BackgroundJob(
      'audit retention',
      retentionPauseMs,
      (mayGoOn) => this.pruneAll(mayGoOn),
      lock,
      logger,
    );
  }

  onApplicationBootstrap(): void {
    this.job.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.job.stop();
  }

  /** Deletes everything that is due. */
  async pruneAll(mayGoOn: MayGoOn): Promise<void> {
    const { auditDays } = this.config;
    if (auditDays === 0) return;
    const before = daysBefore(this.clock.now(), auditDays);
    for (const owner of await this.ledger.ownersToPrune(before)) {
      if (!(await this.pruneOwner(owner, before, mayGoOn))) return;
    }
  }

  private async pruneOwner(owner: AuditOwner, before: Date, mayGoOn: MayGoOn): Promise<boolean> {
    for (;;) {
      if (!(await mayGoOn())) return false;
      const { deleted, brokenAt } = await this.ledger.prune(owner, before, batchSize);
      if (brokenAt !== null) {
        this.logger.error(
          { owner, sequence: brokenAt },
          'The audit chain is broken; what stands from there on is kept as evidence',
        );
      }
      if (deleted < batchSize) return true;
    }
  }
}
