import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Types } from 'mongoose';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CertificateVault, textDigest } from '@castellan/keys';
import { LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import {
  CertificateStore,
  ChoreStore,
  toOrganisationId,
  type CertificatePlace,
  type ChoreRow,
  type OrganisationId,
} from '@castellan/persistence';
import { textWithSecret } from '@castellan/tyk';
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
  private readonly encrypted: ReturnType<Metrics['counter']>;

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
    const whenOutrun = (chore: ChoreRow): Promise<void> => this.bringWhatStands(chore);
    runner.assign('certificate.put', { does: (chore) => this.put(chore), whenOutrun });
    runner.assign('certificate.remove', { does: (chore) => this.remove(chore), whenOutrun });
    runner.assign('certificate-look.again', { does: (chore) => this.lookAgain(chore) });
    this.loop = new Recurring('certificates in Redis', config.reconcileMs, () => this.compareAlone(), logger);
    this.restored = metrics.counter(
      'castellan_certificates_restored_total',
      'Certificates that the nodes’ Redis had lost or had otherwise, and got again',
      [],
    );
    this.encrypted = metrics.counter(
      'castellan_certificates_encrypted_again_total',
      'Certificates whose private key was encrypted with the secret of before, and is with the new one now',
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
      const digests = await this.vault.digests(places.map(({ certificateId }) => certificateId));
      for (const [at, place] of places.entries()) {
        const { orgId, certificateId, text } = place;
        if (await this.encryptAgain(place)) continue;
        if (digests[at] === textDigest(text)) continue;
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

  /**
   * After a change of the secret that gateways read private keys with. Redis first: a process that dies in between finds the old
   * text here, and does it again.
   */
  private async encryptAgain(place: CertificatePlace): Promise<boolean> {
    const { certificateSecret, certificateSecretBefore } = this.config;
    const next = textWithSecret(place.text, certificateSecretBefore, certificateSecret);
    if (next === null) return false;
    const [organisation, id] = [toOrganisationId(place.orgId), place.certificateId];
    await this.vault.put(organisation, id, next);
    if (await this.certificates.replaceText(place, next)) {
      this.encrypted.inc();
      return true;
    }
    // It was deleted or uploaded anew meanwhile.
    await this.bringRow(organisation, id);
    return true;
  }

  /** Writes what the row says until it is still what the row says. */
  private async bringRow(organisation: OrganisationId, id: string): Promise<void> {
    for (let current = await this.certificates.anywhere(id); ;) {
      if (current === null) await this.vault.remove(organisation, id);
      else await this.vault.put(organisation, id, current.text);
      const after = await this.certificates.anywhere(id);
      if (after?.text === current?.text) return;
      current = after;
    }
  }

  private async bringWhatStands({ orgId, about: [id = ''] }: ChoreRow): Promise<void> {
    const organisation = toOrganisationId(orgId);
    if ((await this.certificates.anywhere(id)) !== null) return this.bringRow(organisation, id);
    // One that was deleted stays until no gateway needs it; what was deleted and is gone is not to come back.
    const leaving = await this.chores.about('certificate.remove', [id]);
    if (leaving === null) await this.vault.remove(organisation, id);
  }

  /** For a replica that has died just after it had brought one that was deleted. What is there is compared all the time. */
  private async lookAgain(chore: ChoreRow): Promise<null> {
    const [id = ''] = chore.about;
    if ((await this.certificates.anywhere(id)) === null) await this.bringWhatStands(chore);
    return null;
  }

  private async restore(organisation: OrganisationId, id: string, text: string): Promise<void> {
    // Whatever is to be done about it is somebody else's.
    if ((await this.chores.about('certificate.put', [id])) !== null) return;
    if ((await this.certificates.anywhere(id)) === null) return;
    await this.vault.put(organisation, id, text);
    // Changed while it was written, or deleted: what deleted it had nothing to take away.
    const after = await this.certificates.anywhere(id);
    if (after?.text !== text) return this.bringRow(organisation, id);
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
