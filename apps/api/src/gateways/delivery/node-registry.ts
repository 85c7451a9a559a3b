import { Inject, Injectable } from '@nestjs/common';
import type { Redis, Result } from 'ioredis';
import { Clock } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/persistence';
import { recogniseScript, renewScript, servedScript, visitScript } from './node-scripts';

/** What is known of one node. Times are milliseconds since 1970, null when it has not happened. */
export interface NodeRecord {
  readonly id: string;
  readonly hostname: string;
  readonly address: string;
  readonly registeredAt: number;
  readonly lastSeen: number;
  readonly served: { readonly apis: string; readonly policies: string; readonly at: number } | null;
}

/** Outcome of a node's call: the nonce was good, was none of the last ones, or nobody knows the node. */
export type Visit = 'ok' | 'nonce' | 'unknown';

/**
 * How many nonces of a node are good at a time. Its heartbeat and its reload fetches share one variable and race, so a
 * strict one-time nonce breaks real gateways (docs/tyk/nodes.md#nonces).
 */
const nonceWindow = 16;
/** A node that was silent for so long is forgotten, and registers again when it returns. */
const forgetAfterSeconds = 600;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    castellanVisit(...parameters: string[]): Result<string, Context>;
    castellanRecognise(...parameters: string[]): Result<string, Context>;
    castellanRenew(...parameters: string[]): Result<string, Context>;
    castellanServed(...parameters: string[]): Result<number, Context>;
  }
}

/** The nodes of the installation, in Redis, so that a node may talk to any replica. */
@Injectable()
export class NodeRegistry {
  private readonly index = redisKey('nodes');

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly clock: Clock,
  ) {
    redis.defineCommand('castellanVisit', { lua: visitScript, numberOfKeys: 3 });
    redis.defineCommand('castellanRecognise', { lua: recogniseScript, numberOfKeys: 3 });
    redis.defineCommand('castellanRenew', { lua: renewScript, numberOfKeys: 3 });
    redis.defineCommand('castellanServed', { lua: servedScript, numberOfKeys: 1 });
  }

  async register(node: Pick<NodeRecord, 'id' | 'hostname' | 'address'>, nonce: string): Promise<void> {
    const now = this.clock.millis();
    const results = await this.redis
      .multi()
      .hset(this.recordKey(node.id), { ...node, registeredAt: now, lastSeen: now })
      .expire(this.recordKey(node.id), forgetAfterSeconds)
      .lpush(this.nonceKey(node.id), nonce)
      .expire(this.nonceKey(node.id), forgetAfterSeconds)
      .zadd(this.index, now, node.id)
      .exec();
    for (const [error] of results ?? []) if (error !== null) throw error;
  }

  /** Checks the nonce that a node shows and, when it is good, adds the one that the reply will carry. */
  async visit(id: string, shown: string, next: string): Promise<Visit> {
    return visitOf(await this.redis.castellanVisit(...this.visitParameters(id, { shown, next })));
  }

  /** Checks the nonce that a node shows, and adds none yet. */
  async recognise(id: string, shown: string): Promise<Visit> {
    return visitOf(await this.redis.castellanRecognise(...this.visitParameters(id, { shown })));
  }

  /** Adds the nonce that the reply to a node will carry, which was recognised before. */
  async renew(id: string, next: string): Promise<Visit> {
    return visitOf(await this.redis.castellanRenew(...this.visitParameters(id, { next })));
  }

  private visitParameters(id: string, { shown = '', next = '' }: { shown?: string; next?: string }): string[] {
    const keys = [this.recordKey(id), this.nonceKey(id), this.index];
    return [...keys, id, shown, next, String(this.clock.millis()), String(nonceWindow), String(forgetAfterSeconds)];
  }

  /** Notes the hash of a list that has gone out to the node in full; of a node that left meanwhile, nothing. */
  async recordServed(id: string, list: 'apis' | 'policies', hash: string): Promise<void> {
    await this.redis.castellanServed(this.recordKey(id), `served:${list}`, hash, String(this.clock.millis()));
  }

  async forget(id: string): Promise<void> {
    await this.redis.multi().del(this.recordKey(id), this.nonceKey(id)).zrem(this.index, id).exec();
  }

  /** Every node that has been seen lately, in the order in which they were last seen. */
  async all(): Promise<readonly NodeRecord[]> {
    await this.redis.zremrangebyscore(this.index, 0, this.clock.millis() - forgetAfterSeconds * 1_000);
    const ids = await this.redis.zrange(this.index, '0', '-1');
    if (ids.length === 0) return [];
    const pipeline = this.redis.pipeline();
    for (const id of ids) pipeline.hgetall(this.recordKey(id));
    const results = (await pipeline.exec()) ?? [];
    return results.flatMap(([error, fields]) => {
      if (error !== null) throw error;
      return isTextRecord(fields) && fields['id'] !== undefined ? [toRecord(fields)] : [];
    });
  }

  private recordKey(id: string): string {
    return redisKey('node', id);
  }

  private nonceKey(id: string): string {
    return redisKey('node', id, 'nonces');
  }
}

const visitOf = (outcome: string): Visit => (outcome === 'ok' || outcome === 'nonce' ? outcome : 'unknown');

const isTextRecord = (value: unknown): value is Readonly<Record<string, string | undefined>> =>
  typeof value === 'object' && value !== null && Object.values(value).every((field) => typeof field === 'string');

const toRecord = (fields: Readonly<Record<string, string | undefined>>): NodeRecord => ({
  id: fields['id'] ?? '',
  hostname: fields['hostname'] ?? '',
  address: fields['address'] ?? '',
  registeredAt: Number(fields['registeredAt']),
  lastSeen: Number(fields['lastSeen']),
  served:
    fields['servedAt'] === undefined
      ? null
      : {
          apis: fields['served:apis'] ?? '',
          policies: fields['served:policies'] ?? '',
          at: Number(fields['servedAt']),
        },
});
