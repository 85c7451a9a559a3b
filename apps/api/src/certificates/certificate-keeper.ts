import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CertificateVault } from '@castellan/keys';
import { LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import {
  CertificateStore,
  ChoreStore,
  toOrganisationId,
  type ChoreRow,
  type OrganisationId,
} from '@castellan/persistence';
import { ChoreRunner } from '../chores/chore-runner';
import { LoadedTexts } from '../gateways/nodes/loaded-texts';
import { ReplicaLock } from '../retention/replica-lock';

/** So many are compared with Redis together. */
const batchSize = 200;

/**
 * Brings certificates to the nodes' Redis, keeps them there, and takes them away when no node needs them any more: a gateway of
 * 3.1 lets every caller in while one that an API lists is missing (docs/tyk/certificates.md#missing).
 */
@Injectable()
export class CertificateKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop: Recurring;
  private readonly restored: ReturnType<Metrics['counter']>;

  constructor(
    private readonly certificates: CertificateStore,
    private readonly chores: ChoreStore,
    private readonly vault: CertificateVault,
    private readonly loaded: LoadedTexts,
    private readonly lock: ReplicaLock,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    runner: ChoreRunner,
    metrics: Metrics,
  ) {
    runner.assign('certificate.put', (chore) => this.put(chore));
    runner.assign('certificate.remove', (chore) => this.remove(chore));
    this.loop = new Recurring('certificates in Redis', config.reconcileMs, () => this.compareAlone(), logger);
    this.restored = metrics.counter(
      'castellan_certificates_restored_total',
      'Certificates that the nodes’ Redis had lost or had otherwise, and got again',
      [],
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** Brings back what Redis has lost: after a loss of data, or because a node's own API deleted it. */
  async compare(): Promise<void> {
    let last: Types.ObjectId | null = null;
    for (;;) {
      const places = await this.certificates.placesAfter(last, batchSize);
      if (places.length === 0) return;
      const lengths = await this.vault.lengths(places.map(({ certificateId }) => certificateId));
      for (const [at, { orgId, certificateId, text }] of places.entries()) {
        if (lengths[at] === Buffer.byteLength(text)) continue;
        await this.restore(toOrganisationId(orgId), certificateId, text);
      }
      last = places.at(-1)?._id ?? null;
    }
  }

  private async compareAlone(): Promise<void> {
    const lease = await this.lock.acquire('certificates');
    if (lease === null) return;
    try {
      await this.compare();
    } finally {
      await lease.release();
    }
  }

  private async restore(organisation: OrganisationId, id: string, text: string): Promise<void> {
    // Whatever is to be done about it is somebody else's.
    if ((await this.chores.about('certificate.put', [id])) !== null) return;
    if ((await this.certificates.anywhere(id)) === null) return;
    await this.vault.put(organisation, id, text);
    // Deleted while it was written: what deleted it had nothing to take away.
    if ((await this.certificates.anywhere(id)) === null) return this.vault.remove(organisation, id);
    this.restored.inc();
    this.logger.warn({ certificate: id }, 'The Redis of the nodes had lost a certificate, and has it again');
  }

  private async put({ orgId, about: [id = ''] }: ChoreRow): Promise<null> {
    const row = await this.certificates.anywhere(id);
    if (row !== null) await this.vault.put(toOrganisationId(orgId), id, row.text);
    return null;
  }

  private async remove({ orgId, about: [id = ''] }: ChoreRow): Promise<string | null> {
    // It was uploaded again meanwhile.
    if ((await this.certificates.anywhere(id)) !== null) return null;
    const reason = await this.loaded.whoRuns(id, this.config.certificateSettleMs);
    if (reason === null) await this.vault.remove(toOrganisationId(orgId), id);
    return reason;
  }
}
