import { Redis } from 'ioredis';
import { KeyIndex, type KeyRow } from '@castellan/persistence';
import { eventually, KeyCache, type CacheGeneration } from '@castellan/testing';
import { NOTIFICATION_CHANNEL, type KeyHashAlgorithm } from '@castellan/tyk';
import { ApiUnderTest, type TestOrganisation } from '../../test/api-under-test';
import { WrittenKey } from '../../test/written-key';
import { KeyKeeper } from './key-keeper';

/** Nodes of the tests forget sessions this soon, and writes are looked at again after the double. */
const cacheMs = 150;
const settleMs = 300;

let api: ApiUnderTest;
let organisation: TestOrganisation;
let redis: Redis;
let subscriber: Redis;
let index: KeyIndex;
let keeper: KeyKeeper;
let nodes: KeyCache[];

const node = (generation: CacheGeneration, hears: boolean): KeyCache =>
  new KeyCache({ redis, nodeSecret: api.config.nodeSecret, generation, cacheMs, now: () => performance.now(), hears });

beforeAll(async () => {
  api = await ApiUnderTest.start({ KEY_SETTLE_MS: String(settleMs), KEY_SCAN_MS: '1000' });
  organisation = await api.organisation();
  redis = new Redis(api.config.redisUrl);
  subscriber = new Redis(api.config.redisUrl);
  index = api.app.get(KeyIndex);
  keeper = api.app.get(KeyKeeper);
  nodes = [node('3.1', true), node('5.2', true), node('3.1', false), node('5.2', false)];
  await subscriber.subscribe(NOTIFICATION_CHANNEL);
  subscriber.on('message', (_channel: string, message: string) => {
    for (const one of nodes) one.hear(message);
  });
});

afterAll(async () => {
  redis.disconnect();
  subscriber.disconnect();
  await api.stop();
});

const written = async (algorithm: KeyHashAlgorithm): Promise<WrittenKey> => {
  const put = async (row: KeyRow): Promise<void> => {
    if (row.version === 1) expect(await index.add([row])).toBe(1);
    else expect(await index.replace(row, row.version - 1, null)).toBe(true);
  };
  const key = new WrittenKey({ organisation: organisation.id, keeper, redis, now: () => new Date(), put }, algorithm);
  await key.edit('new');
  return key;
};

const settled = (): Promise<boolean> =>
  eventually(async () => (await index.unsettled()) === 0, { deadlineMs: 300_000, describe: 'all writes to hold' });

describe('changes of keys that nodes write back', () => {
  it.each(['3.1', '5.2'] as const)('stay deleted though a node of %s had not heard of it', async (generation) => {
    const deaf = node(generation, false);
    const key = await written('sha256');
    const call = await deaf.begin(key.token);
    await key.delete();
    await call.writeBack();
    expect(await key.stored()).toBe('new');
    await settled();
    expect(await key.stored()).toBeNull();
    expect((await node(generation, true).begin(key.token)).admitted).toBe(false);
  });

  it('stay edited though a call was under way', async () => {
    const hearing = node('3.1', true);
    const key = await written('sha256');
    const call = await hearing.begin(key.token);
    await key.edit('edited');
    await call.writeBack();
    expect(await key.stored()).toBe('new');
    await settled();
    expect(await key.stored()).toBe('edited');
  });

  it('are left alone when a node has only counted', async () => {
    const key = await written('murmur128');
    const [first] = nodes;
    await (await first?.begin(key.token))?.writeBack();
    const counted = await key.storedText();
    await settled();
    expect(await key.storedText()).toBe(counted);
  });

  it('are counted when they had to be made again', async () => {
    const { text } = await api.anonymous.get('/metrics');
    const repeats = Number(/^castellan_key_writes_repeated_total\{[^}]*\} (\d+)/m.exec(text)?.[1]);
    expect(repeats).toBeGreaterThanOrEqual(3);
  });
});
