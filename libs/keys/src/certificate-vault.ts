import { createHash } from 'node:crypto';
import { certificateIndexName, certificateName, idOfEntry, indexEntry } from '@castellan/tyk';
import { digestScript } from './key-scripts';
import { enlist } from './lists';
import type { KeyRedis } from './redis/connect';

/** What {@link CertificateVault.digests} gives of a text; Redis knows no other digest, and nothing here rests on its strength. */
export const textDigest = (text: string): string => createHash('sha1').update(text).digest('hex');

/** More certificates than an organisation may have. */
const MOST = 20_000;

/**
 * Certificates in the Redis of the nodes. A certificate is one key, and an entry in the list of its organisation; each step
 * concerns one of them, in an order in which a reader of the list finds what it names (docs/tyk/certificates.md#redis).
 */
export class CertificateVault {
  constructor(private readonly redis: KeyRedis) {}

  /** What nodes read; null when there is none. */
  read(id: string): Promise<string | null> {
    return this.redis.get(certificateName(id));
  }

  /** Digests of the texts, as {@link textDigest} makes them; empty for what is not there. */
  async digests(ids: readonly string[]): Promise<readonly string[]> {
    const digests = await Promise.all(ids.map((id) => this.redis.eval(digestScript, 1, certificateName(id))));
    return digests.map(String);
  }

  /** Puts a certificate there, over whatever is. */
  async put(organisation: string, id: string, text: string): Promise<void> {
    await this.redis.set(certificateName(id), text);
    await enlist(this.redis, certificateIndexName(organisation), indexEntry(id));
  }

  /** Takes a certificate away, as nodes do: out of the list first. */
  async remove(organisation: string, id: string): Promise<void> {
    await this.redis.lrem(certificateIndexName(organisation), 0, indexEntry(id));
    await this.redis.del(certificateName(id));
  }

  /** Ids in the list of an organisation, whoever has put them there. */
  async listed(organisation: string): Promise<readonly string[]> {
    const entries = await this.redis.lrange(certificateIndexName(organisation), 0, MOST);
    return [...new Set(entries.map(idOfEntry).filter((id) => id !== null))];
  }
}
