import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { type OrganisationId } from '@castellan/persistence';
import { forgetNodeAfterSeconds, REDIS, redisKey } from '@castellan/delivery';

/**
 * Of which organisations there were APIs in a list that nodes were served, by the hash of the list. The newest list is in
 * memory; this is of those that some node still runs, in Redis as the nodes themselves, and as long as they.
 */
@Injectable()
export class ServedOrganisations {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  async note(hash: string, organisations: ReadonlySet<string>): Promise<void> {
    const key = keyOf(hash);
    if (organisations.size === 0 || (await this.redis.expire(key, forgetNodeAfterSeconds)) === 1) return;
    await this.redis
      .multi()
      .sadd(key, ...organisations)
      .expire(key, forgetNodeAfterSeconds)
      .exec();
  }

  /** These are still run. */
  async keep(hashes: Iterable<string>): Promise<void> {
    await Promise.all([...new Set(hashes)].map((hash) => this.redis.expire(keyOf(hash), forgetNodeAfterSeconds)));
  }

  /** Those of the lists that had an API of the organisation. */
  async having(organisation: OrganisationId, hashes: Iterable<string>): Promise<ReadonlySet<string>> {
    const asked = [...new Set(hashes)].map(async (hash) => ({
      hash,
      isIn: (await this.redis.sismember(keyOf(hash), organisation)) === 1,
    }));
    const found = await Promise.all(asked);
    return new Set(found.flatMap(({ hash, isIn }) => (isIn ? [hash] : [])));
  }
}

const keyOf = (hash: string): string => redisKey('list', hash, 'organisations');
