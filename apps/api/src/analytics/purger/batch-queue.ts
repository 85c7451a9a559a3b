import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { analyticsLists } from '@castellan/analytics';
import { mastersOf, type KeyRedis } from '@castellan/keys';
import { redisKey } from '@castellan/delivery';

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

const putScript = `if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('RPUSH', KEYS[1], ARGV[1]) end return 1`;

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
const nameOf = (list: string, claimedAt: Date, name: string): string =>
  redisKey('analytics', `{${list}}`, `${claimedAt.getTime()}-${name}`);

const batchName = /^castellan:analytics:\{(.+)\}:(\d+)-[0-9a-f-]+$/;

/** What came of an attempt to take everything. */
export interface Claimed {
  readonly batches: readonly Batch[];
  /** Why some of the lists could not be taken, or may have been taken without an answer; null when all went well. */
  readonly failure: Error | null;
}

/** How long replicas of Redis get to hear of what was taken, in milliseconds. */
const confirmMs = 100;

/** The records that wait in Redis: in the lists of the gateways, and in batches that were taken from those. */
export class BatchQueue {
  /** @param hasReplicas whether another server may become the master, which then should know what was taken */
  constructor(
    private readonly redis: KeyRedis,
    private readonly hasReplicas = false,
  ) {}

  /** Whether commands have somewhere to go. */
  get connected(): boolean {
    return this.redis.status === 'ready';
  }

  /** Takes every list that has something, in one round of the network. */
  async claim(now: Date): Promise<Claimed> {
    const attempts = await Promise.allSettled(analyticsLists.map((list) => this.claimList(list, now)));
    const batches = attempts.flatMap((attempt) =>
      attempt.status === 'fulfilled' && attempt.value !== null ? [attempt.value] : [],
    );
    const [failure = null] = attempts.flatMap((attempt) =>
      attempt.status === 'rejected' && attempt.reason instanceof Error ? [attempt.reason] : [],
    );
    if (batches.length > 0 && this.hasReplicas) await this.confirm();
    return { batches, failure };
  }

  /** Batches that are in Redis, whoever took them, the oldest first. */
  async pending(): Promise<readonly Batch[]> {
    const keys = await Promise.all(mastersOf(this.redis).map((master) => this.keysAt(master)));
    const batches = await Promise.all([...new Set(keys.flat())].map((key) => this.describe(key)));
    return batches.flatMap((batch) => (batch === null ? [] : [batch])).sort(oldestFirst);
  }

  /** Puts one record where it waits like any other; doing so again under the same name changes nothing. */
  async put(list: string, at: Date, name: string, bytes: Buffer): Promise<void> {
    await this.redis.eval(putScript, 1, nameOf(list, at, name), bytes);
  }

  /** The records at these places. */
  async read({ key }: Batch, from: number, count: number): Promise<readonly Buffer[]> {
    return this.redis.lrangeBuffer(key, from, from + count - 1);
  }

  /** Lets go of a batch that is stored. */
  async drop({ key }: Batch): Promise<void> {
    await this.redis.del(key);
  }

  private async claimList(list: string, now: Date): Promise<Batch | null> {
    const key = nameOf(list, now, randomUUID());
    const total = Number(await this.redis.eval(claimScript, 2, list, key));
    return total > 0 ? { key, list, claimedAt: now, total } : null;
  }

  /** A replica that becomes the master without having heard of it would give the same records again. */
  private async confirm(): Promise<void> {
    await Promise.allSettled(mastersOf(this.redis).map((master) => master.wait(1, confirmMs)));
  }

  private async keysAt(master: Redis): Promise<readonly string[]> {
    const keys: string[] = [];
    let cursor = '0';
    do {
      const [next, found] = await master.scan(cursor, 'MATCH', redisKey('analytics', '{*}:*'), 'COUNT', scanCount);
      keys.push(...found);
      cursor = next;
    } while (cursor !== '0');
    return keys;
  }

  private async describe(key: string): Promise<Batch | null> {
    const [, list, millis] = batchName.exec(key) ?? [];
    if (list === undefined || !analyticsLists.includes(list)) return null;
    const total = await this.redis.llen(key);
    return total === 0 ? null : { key, list, claimedAt: new Date(Number(millis)), total };
  }
}

const oldestFirst = (left: Batch, right: Batch): number => left.claimedAt.getTime() - right.claimedAt.getTime();
