import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { loadApiConfig } from '@castellan/config';
import { connectRedis, KeyStore, parseRedisUrl, type KeyRedis } from '@castellan/keys';
import { createLogger, Metrics } from '@castellan/observability';
import type { KeyRow } from '@castellan/persistence';
import { eventually, KeyCache, type CacheGeneration } from '@castellan/testing';
import { KEY_HASH_ALGORITHMS, NOTIFICATION_CHANNEL } from '@castellan/tyk';
import { workerRedisUrl } from '../../../../test/support/test-services';
import { OwnClock, PendingInMemory } from '../../test/pending-in-memory';
import { WrittenKey } from '../../test/written-key';
import { KeyKeeper } from './key-keeper';
import { KeyPlacing } from './key-places';

const organisation = '5e9d9544a1dcd60001d0ed20';
const config = loadApiConfig({
  CASTELLAN_ADMIN_SECRET: 'admin-secret-of-the-test',
  CASTELLAN_NODE_SECRET: 'node-secret-of-the-test',
  CASTELLAN_MONGODB_URI: 'mongodb://nowhere',
  CASTELLAN_REDIS_URL: workerRedisUrl(),
});
const logger = createLogger('test', 'silent');
/** As long as real nodes do. */
const cacheMs = 10_000;

const clock = new OwnClock();
const pending = new PendingInMemory();
let keyRedis: KeyRedis;
let redis: Redis;
let subscriber: Redis;
let keeper: KeyKeeper;
let nodes: KeyCache[];

beforeAll(async () => {
  keyRedis = connectRedis(parseRedisUrl(workerRedisUrl()), logger);
  redis = new Redis(workerRedisUrl());
  subscriber = new Redis(workerRedisUrl());
  await eventually(() => keyRedis.status === 'ready');
  const store = new KeyStore(keyRedis, config.nodeSecret);
  keeper = new KeyKeeper(store, pending, new KeyPlacing(config), clock, config, logger, new Metrics('test'));
  const node = (generation: CacheGeneration, hears: boolean): KeyCache =>
    new KeyCache({ redis, nodeSecret: config.nodeSecret, generation, cacheMs, now: () => clock.millis(), hears });
  nodes = [node('3.1', true), node('5.2', true), node('3.1', false), node('5.2', false)];
  await subscriber.subscribe(NOTIFICATION_CHANNEL);
  subscriber.on('message', (_channel: string, message: string) => {
    for (const one of nodes) one.hear(message);
  });
});

afterAll(() => {
  for (const one of [keyRedis, redis, subscriber]) one.disconnect();
});

/** Tokens of the old form, and those that name their hash. */
const forms = [{ algorithm: undefined }, ...KEY_HASH_ALGORITHMS.map((algorithm) => ({ algorithm }))];

const pick = <T>(values: readonly T[]): T => {
  const value = values[Math.floor(Math.random() * values.length)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
};

/** One key, on which nodes of both generations call, and finish calls late, while it is edited and in the end perhaps deleted. */
const interleave = async (key: WrittenKey): Promise<void> => {
  await key.edit('new');
  const underWay: (() => Promise<void>)[] = [];
  const steps: (() => Promise<void>)[] = [
    async () => {
      underWay.push((await pick(nodes).begin(key.token)).writeBack);
    },
    async () => {
      await underWay.shift()?.();
    },
    () => key.edit(`edit-${randomBytes(3).toString('hex')}`),
    () => {
      clock.pass(Math.random() * 50);
      return Promise.resolve();
    },
  ];
  for (let step = 0; step < 6; step += 1) await pick(steps)();
  if (Math.random() < 0.5) await key.delete();
  for (const writeBack of underWay) await writeBack();
};

const put = (row: KeyRow): Promise<void> => {
  pending.put(row);
  return Promise.resolve();
};

describe('a thousand interleavings of calls, edits and deletes', () => {
  it('end in what was asked', async () => {
    const writing = { organisation, keeper, redis, now: () => clock.now(), put };
    const keys = Array.from({ length: 1_000 }, () => new WrittenKey(writing, pick(forms).algorithm));
    for (let from = 0; from < keys.length; from += 100) {
      await Promise.all([...keys.slice(from, from + 100).map(interleave), keeper.lookAtAllDue()]);
    }
    const stale = await Promise.all(keys.map(async (key) => (await key.stored()) !== key.alias));
    // Without a keeper some would be lost, or this shows nothing.
    expect(stale.filter(Boolean).length).toBeGreaterThan(0);
    while ((await pending.unsettled()) > 0) {
      clock.pass(config.keySettleMs);
      await keeper.lookAtAllDue();
    }
    const wrong: string[] = [];
    await Promise.all(
      keys.map(async (key) => {
        const stored = await key.stored();
        if (stored !== key.alias) wrong.push(`${String(stored)} instead of ${String(key.alias)}`);
      }),
    );
    expect(wrong).toEqual([]);
  });
});
