import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Clock } from '@castellan/observability';
import { REDIS, redisKey } from './redis.module';

/** One list that a node was served in full. */
export interface ServedList {
  /** sha256 of what it holds. */
  readonly hash: string;
  /** The generation that it belongs to. */
  readonly generation: string;
}

/** What is known of one node. Times are milliseconds since 1970, null when it has not happened. */
export interface NodeRecord {
  readonly id: string;
  /** Empty while the node has shown nothing but its id, as when its record was lost. */
  readonly hostname: string;
  readonly address: string;
  /** When it registered, or when it was first seen after its record was lost. */
  readonly registeredAt: number;
  readonly lastSeen: number;
  /** When it last asked for a list, whatever came of it. */
  readonly fetchedAt: number | null;
  /** When it was first told to load again without having asked since. */
  readonly toldAt: number | null;
  /** The generation that it is assigned; null for the newest. */
  readonly assigned: string | null;
  readonly served: { readonly apis: ServedList; readonly policies: ServedList; readonly at: number } | null;
}

/** A node that was silent for so long is forgotten, in seconds. */
export const forgetNodeAfterSeconds = 600;

/** Where a node's record lies. */
export const nodeKey = (id: string, ...rest: readonly string[]): string => redisKey('node', id, ...rest);

/** Ids of nodes by when they were last seen. */
export const nodeIndexKey = redisKey('nodes');

/** Reads what is known of the nodes; written by the API alone. */
@Injectable()
export class NodeRecords {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly clock: Clock,
  ) {}

  /** Every node that has been seen lately, in the order in which they were last seen. */
  async all(): Promise<readonly NodeRecord[]> {
    const oldest = this.clock.millis() - forgetNodeAfterSeconds * 1_000;
    const ids = await this.redis.zrangebyscore(nodeIndexKey, oldest, '+inf');
    if (ids.length === 0) return [];
    const pipeline = this.redis.pipeline();
    for (const id of ids) pipeline.hgetall(nodeKey(id));
    const results = (await pipeline.exec()) ?? [];
    return results.flatMap(([error, fields]) => {
      if (error !== null) throw error;
      return isTextRecord(fields) && fields['id'] !== undefined ? [toRecord(fields)] : [];
    });
  }
}

type Fields = Readonly<Record<string, string | undefined>>;

const isTextRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && Object.values(value).every((field) => typeof field === 'string');

const toRecord = (fields: Fields): NodeRecord => ({
  id: fields['id'] ?? '',
  hostname: fields['hostname'] ?? '',
  address: fields['address'] ?? '',
  registeredAt: Number(fields['registeredAt']),
  lastSeen: Number(fields['lastSeen']),
  fetchedAt: timeIn(fields, 'fetchedAt'),
  toldAt: timeIn(fields, 'toldAt'),
  assigned: fields['assigned'] ?? null,
  served: servedIn(fields),
});

const timeIn = (fields: Fields, name: string): number | null => {
  const text = fields[name];
  return text === undefined ? null : Number(text);
};

const servedIn = (fields: Fields): NodeRecord['served'] => {
  const at = timeIn(fields, 'servedAt');
  return at === null ? null : { apis: listIn(fields, 'apis'), policies: listIn(fields, 'policies'), at };
};

const listIn = (fields: Fields, list: string): ServedList => ({
  hash: fields[`served:${list}`] ?? '',
  generation: fields[`generation:${list}`] ?? '',
});
