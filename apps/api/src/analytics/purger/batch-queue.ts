import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { analyticsLists } from '@castellan/analytics';
import { redisKey } from '@castellan/persistence';

/**
 * Takes a whole list under a name of its own, and takes away that it expires: gateways set that once, and writing does not
 * renew it. One step, so that nothing is lost when the purger dies after it; RENAMENX, so that a command which the client
 * sends again after a lost answer never replaces a batch.
 */
const claimScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('RENAMENX', KEYS[1], KEYS[2]) == 0 then return 0 end
redis.call('PERSIST', KEYS[2])
return redis.call('LLEN', KEYS[2])`;

/** Records that were taken out of one list together. Nobody adds to it any more. */
export interface Batch {
  /** Name in Redis. */
  readonly key: string;
  /** The list that it was. */
  readonly list: string;
  readonly claimedAt: Date;
  readonly total: number;
}

const scanCount = 1_000;

/** In braces stands what decides about the slot of a Redis Cluster, so that a batch lies where its list did. */
const nameOf = (list: string, claimedAt: Date): string =>
  redisKey('analytics', `{${list}}`, `${claimedAt.getTime()}-${randomUUID()}`);

const batchName = /^castellan:analytics:\{(.+)\}:(\d+)-[0-9a-f-]+$/;

/** The records that wait in Redis: in the lists of the gateways, and in batches that were taken from those. */
export class BatchQueue {
  constructor(private readonly redis: Redis) {}

  /** Takes every list that has something, in one round of the network. */
  async claim(now: Date): Promise<readonly Batch[]> {
    const pipeline = this.redis.pipeline();
    const names = analyticsLists.map((list) => nameOf(list, now));
    for (const [index, list] of analyticsLists.entries()) pipeline.eval(claimScript, 2, list, names[index] ?? '');
    const replies = (await pipeline.exec()) ?? [];
    const [failed] = replies.flatMap(([error]) => (error === null ? [] : [error]));
    const claimed = analyticsLists.flatMap((list, index) => {
      const total = Number(replies[index]?.[1] ?? 0);
      const key = names[index] ?? '';
      return total > 0 ? [{ key, list, claimedAt: now, total }] : [];
    });
    // What was taken is kept; the rest is tried again, and what was taken without an answer is found by a scan.
    if (failed !== undefined && claimed.length === 0) throw failed;
    return claimed;
  }

  /** Batches that are in Redis, whoever took them, the oldest first. */
  async pending(): Promise<readonly Batch[]> {
    const keys = new Set<string>();
    let cursor = '0';
    do {
      const [next, found] = await this.redis.scan(cursor, 'MATCH', redisKey('analytics', '{*}:*'), 'COUNT', scanCount);
      for (const key of found) keys.add(key);
      cursor = next;
    } while (cursor !== '0');
    const batches = await Promise.all([...keys].map((key) => this.describe(key)));
    return batches.flatMap((batch) => (batch === null ? [] : [batch])).sort(oldestFirst);
  }

  /** The records at these places. */
  async read({ key }: Batch, from: number, count: number): Promise<readonly Buffer[]> {
    return this.redis.lrangeBuffer(key, from, from + count - 1);
  }

  /** Lets go of a batch that is stored. */
  async drop({ key }: Batch): Promise<void> {
    await this.redis.del(key);
  }

  private async describe(key: string): Promise<Batch | null> {
    const [, list, millis] = batchName.exec(key) ?? [];
    if (list === undefined || !analyticsLists.includes(list)) return null;
    const total = await this.redis.llen(key);
    return total === 0 ? null : { key, list, claimedAt: new Date(Number(millis)), total };
  }
}

const oldestFirst = (left: Batch, right: Batch): number => left.claimedAt.getTime() - right.claimedAt.getTime();
