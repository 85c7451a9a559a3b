import { Injectable } from '@nestjs/common';
import { KeyStore } from '@castellan/keys';
import { KeyScans, OrganisationStore } from '@castellan/persistence';
import { readSession, sessionFacts, sessionName } from '@castellan/tyk';
import type { KeyScanDto, OrphansDto } from './key-operations.dto';

/** Sessions of organisations that there are not, as the last walk over all keys has met them. */
@Injectable()
export class KeyOrphans {
  constructor(
    private readonly scans: KeyScans,
    private readonly organisations: OrganisationStore,
    private readonly store: KeyStore,
  ) {}

  /** What the last walk has met; null before the first. */
  async scan(): Promise<KeyScanDto | null> {
    const last = await this.scans.last();
    if (last === null) return null;
    const { startedAt, finishedAt, seen, added, unreadable, orphans } = last;
    return {
      started_at: startedAt.toISOString(),
      finished_at: finishedAt === null ? null : finishedAt.toISOString(),
      ...{ seen, added, unreadable, orphans },
    };
  }

  /** @param deletes whether those that are orphans still are deleted */
  async look(deletes: boolean): Promise<OrphansDto> {
    const last = await this.scans.last();
    const hashes = last?.orphanHashes ?? [];
    const texts = await this.store.readMany(hashes.map(sessionName));
    const found = hashes.flatMap((hash, at) => {
      const session = readSession(texts[at] ?? '');
      return session === undefined ? [] : [{ key_id: hash, org_id: sessionFacts(session).organisationId }];
    });
    const present = await this.organisations.present([...new Set(found.map(({ org_id }) => org_id))]);
    const orphans = found.filter(({ org_id }) => !present.has(org_id));
    const results = [];
    for (const orphan of orphans) {
      results.push({ ...orphan, repaired: deletes && (await this.remove(orphan.key_id)) });
    }
    return { scan: await this.scan(), orphans: results };
  }

  private async remove(hash: string): Promise<boolean> {
    const found = await this.store.read(sessionName(hash));
    return typeof found === 'string' && this.store.remove(sessionName(hash), found, [hash]);
  }
}
