import { Inject, Injectable } from '@nestjs/common';
import type { Redis, Result } from 'ioredis';
import { Clock } from '@castellan/observability';
import { KEPT_TEXT, type KeptText } from '@castellan/persistence';
import {
  forgetNodeAfterSeconds,
  nodeIndexKey,
  nodeKey,
  type NodeRecord,
  NodeRecords,
  REDIS,
  type ServedList,
} from '@castellan/delivery';
import { assignedScript, renewScript, servedScript, toldScript, visitScript } from './node-scripts';

/** What a node shows of itself with a call. */
export interface Visitor {
  readonly id: string;
  readonly nonce: string;
  /** Empty on calls that do not carry it. */
  readonly hostname: string;
  readonly address: string;
}

export interface VisitOptions {
  /** The nonce that the reply will carry; left out when that is still to come. */
  readonly next?: string;
  /** Whether the node asks for a list. */
  readonly fetches?: boolean;
  /** Whether a node that is not recognised is left unknown. */
  readonly refuseStrangers?: boolean;
}

/**
 * Outcome of a node's call: the nonce was good, was none of the last ones, nobody knew the node, or it has left.
 * Whoever was not known is known afterwards, unless strangers are refused.
 */
export type Visit = 'ok' | 'nonce' | 'unknown' | 'gone';

/**
 * How many nonces of a node are good at a time. Its heartbeat and its reload fetches share one variable and race, so a
 * strict one-time nonce breaks real gateways (docs/tyk/nodes.md#nonces).
 */
const nonceWindow = 16;
/** Ids that gateways show: what Castellan gave them, or another dashboard before it. */
const acceptableId = /^[\w.:|-]{1,128}$/;
const longestHostname = 255;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    castellanVisit(...parameters: string[]): Result<string, Context>;
    castellanRenew(...parameters: string[]): Result<number, Context>;
    castellanServed(...parameters: string[]): Result<number, Context>;
    castellanAssigned(...parameters: string[]): Result<number, Context>;
    castellanTold(...parameters: string[]): Result<number, Context>;
  }
}

/** The nodes of the installation, in Redis, so that a node may talk to any replica. */
@Injectable()
export class NodeRegistry {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly records: NodeRecords,
    private readonly clock: Clock,
    @Inject(KEPT_TEXT) private readonly kept: KeptText,
  ) {
    redis.defineCommand('castellanVisit', { lua: visitScript, numberOfKeys: 4 });
    redis.defineCommand('castellanRenew', { lua: renewScript, numberOfKeys: 2 });
    redis.defineCommand('castellanServed', { lua: servedScript, numberOfKeys: 1 });
    redis.defineCommand('castellanAssigned', { lua: assignedScript, numberOfKeys: 1 });
    redis.defineCommand('castellanTold', { lua: toldScript, numberOfKeys: 1 });
  }

  async register({ id, hostname, address }: Omit<Visitor, 'nonce'>, nonce: string): Promise<void> {
    const now = this.clock.millis();
    const record = {
      id,
      hostname: this.kept(hostname).slice(0, longestHostname),
      address,
      registeredAt: now,
      lastSeen: now,
    };
    const results = await this.redis
      .multi()
      .hset(nodeKey(id), record)
      .expire(nodeKey(id), forgetNodeAfterSeconds)
      .lpush(noncesKey(id), nonce)
      .expire(noncesKey(id), forgetNodeAfterSeconds)
      .zadd(nodeIndexKey, now, id)
      .zremrangebyscore(nodeIndexKey, 0, now - forgetNodeAfterSeconds * 1_000)
      .exec();
    for (const [error] of results ?? []) if (error !== null) throw error;
  }

  /** Notes that a node called; see {@link Visit} for what it may turn out to be. One without a usable id stays unknown. */
  async visit(visitor: Visitor, { next = '', fetches = false, refuseStrangers = false }: VisitOptions): Promise<Visit> {
    const { id, nonce, hostname, address } = visitor;
    if (!acceptableId.test(id)) return 'unknown';
    const outcome = await this.redis.castellanVisit(
      nodeKey(id),
      noncesKey(id),
      nodeIndexKey,
      goneKey(id),
      id,
      nonce,
      next,
      String(this.clock.millis()),
      String(nonceWindow),
      String(forgetNodeAfterSeconds),
      this.kept(hostname).slice(0, longestHostname),
      address,
      fetches ? '1' : '0',
      refuseStrangers ? '1' : '0',
    );
    return visitOf(outcome);
  }

  /** Adds the nonce that a late reply to a node carries; to a node that left meanwhile, nothing. */
  async renew(id: string, next: string): Promise<void> {
    await this.redis.castellanRenew(
      nodeKey(id),
      noncesKey(id),
      next,
      String(nonceWindow),
      String(forgetNodeAfterSeconds),
    );
  }

  /** Notes a list that has gone out to the node in full; of a node that left meanwhile, nothing. */
  async recordServed(id: string, list: 'apis' | 'policies', { hash, generation }: ServedList): Promise<void> {
    await this.redis.castellanServed(nodeKey(id), list, hash, generation, String(this.clock.millis()));
  }

  /** Notes which generation a node is assigned; null for the newest. */
  async recordAssigned(id: string, generation: string | null): Promise<void> {
    await this.redis.castellanAssigned(nodeKey(id), generation ?? '');
  }

  /** Notes that these nodes were told to load. */
  async recordTold(ids: readonly string[]): Promise<void> {
    const now = String(this.clock.millis());
    await Promise.all(ids.map((id) => this.redis.castellanTold(nodeKey(id), now)));
  }

  /** Notes that these nodes run what they should, though they were told to load. */
  async recordContent(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.redis.hdel(nodeKey(id), 'toldAt')));
  }

  /** A node has left, and stays gone: what it still sends makes it known to nobody. */
  async forget(id: string): Promise<void> {
    if (!acceptableId.test(id)) return;
    await this.redis
      .multi()
      .del(nodeKey(id), noncesKey(id))
      .zrem(nodeIndexKey, id)
      .set(goneKey(id), '1', 'EX', forgetNodeAfterSeconds)
      .exec();
  }

  /** Every node that has been seen lately. */
  async all(): Promise<readonly NodeRecord[]> {
    return this.records.all();
  }
}

const noncesKey = (id: string): string => nodeKey(id, 'nonces');
const goneKey = (id: string): string => nodeKey(id, 'gone');

const visitOf = (outcome: string): Visit =>
  outcome === 'ok' || outcome === 'nonce' || outcome === 'gone' ? outcome : 'unknown';
