import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { KeyIndex, newObjectId, toObjectId, type KeyRow } from '@castellan/persistence';
import { eventually, KeyCache, type CacheGeneration } from '@castellan/testing';
import {
  generateToken,
  keyNames,
  NOTIFICATION_CHANNEL,
  readSession,
  sessionFacts,
  sessionForNodes,
  sessionName,
  writeSession,
  type KeyHashAlgorithm,
} from '@castellan/tyk';
import { ApiUnderTest, type TestOrganisation } from '../../test/api-under-test';
import { factsOf } from './key-facts';
import { KeyKeeper } from './key-keeper';

/** Nodes of the tests forget sessions this soon, and writes are looked at again after the double. */
const cacheMs = 400;
const settleMs = 800;

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

const sessionText = (alias: string, before?: string): string => {
  const session = { ...readSession(before ?? '{}'), alias, access_rights: { a: { versions: ['Default'] } } };
  const context = { organisationId: organisation.id, now: new Date(), policies: [], resetsQuota: false };
  return writeSession(sessionForNodes(session, context), before);
};

/** A key that is written as routes write it: the index first, then Redis. */
class WrittenKey {
  private row: KeyRow;
  private text: string | null;

  private constructor(
    readonly token: string,
    row: KeyRow,
    text: string,
  ) {
    this.row = row;
    this.text = text;
  }

  static async create(algorithm?: KeyHashAlgorithm): Promise<WrittenKey> {
    const [key] = await WrittenKey.createAll([algorithm]);
    if (key === undefined) throw new Error('no key');
    return key;
  }

  static async createAll(algorithms: readonly (KeyHashAlgorithm | undefined)[]): Promise<WrittenKey[]> {
    const keys = algorithms.map((algorithm) => {
      const token = generateToken(organisation.id, randomBytes(16).toString('hex'), algorithm);
      const names = keyNames({ token }, true);
      const text = sessionText('new');
      const now = new Date();
      const row: KeyRow = {
        ...{ _id: newObjectId(), orgId: toObjectId(organisation.id), version: 1, hash: names.main },
        ...{ copies: names.copies, announced: names.announced, username: '', createdBy: '', deletedAt: null },
        ...factsOf(sessionFacts(readSession(text) ?? {})),
        ...{ createdAt: now, updatedAt: now, pending: { wanted: text, due: keeper.due(), repeats: 0 } },
      };
      return new WrittenKey(token, row, text);
    });
    expect(await index.add(keys.map(({ row }) => row))).toBe(keys.length);
    await Promise.all(keys.map(({ row }) => keeper.apply(row)));
    return keys;
  }

  edit(alias: string): Promise<void> {
    return this.write(sessionText(alias, this.text ?? undefined));
  }

  delete(): Promise<void> {
    return this.write(null);
  }

  /** What Redis has to hold in the end: null for nothing. */
  get alias(): string | null {
    return this.text === null ? null : sessionFacts(readSession(this.text) ?? {}).alias;
  }

  async stored(): Promise<string | null> {
    const text = await redis.get(sessionName(this.row.hash));
    return text === null ? null : sessionFacts(readSession(text) ?? {}).alias;
  }

  private async write(text: string | null): Promise<void> {
    const { version } = this.row;
    this.text = text;
    this.row = {
      ...this.row,
      ...{ version: version + 1, deletedAt: text === null ? new Date() : null },
      pending: { wanted: text, due: keeper.due(), repeats: 0 },
    };
    expect(await index.replace(this.row, version, null)).toBe(true);
    await keeper.apply(this.row);
  }
}

const settled = (): Promise<boolean> =>
  eventually(async () => (await index.unsettled()) === 0, { deadlineMs: 300_000, describe: 'all writes to hold' });

describe('changes of keys that nodes write back', () => {
  it.each(['3.1', '5.2'] as const)('stay deleted though a node of %s had not heard of it', async (generation) => {
    const deaf = node(generation, false);
    const key = await WrittenKey.create('sha256');
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
    const key = await WrittenKey.create('sha256');
    const call = await hearing.begin(key.token);
    await key.edit('edited');
    await call.writeBack();
    expect(await key.stored()).toBe('new');
    await settled();
    expect(await key.stored()).toBe('edited');
  });

  it('are left alone when a node has only counted', async () => {
    const key = await WrittenKey.create('murmur128');
    const [first] = nodes;
    await (await first?.begin(key.token))?.writeBack();
    const counted = await redis.get(sessionName(keyNames({ token: key.token }, true).main));
    await settled();
    expect(await redis.get(sessionName(keyNames({ token: key.token }, true).main))).toBe(counted);
  });

  it('are counted when they had to be made again', async () => {
    const { text } = await api.anonymous.get('/metrics');
    const repeats = Number(/^castellan_key_writes_repeated_total\{[^}]*\} (\d+)/m.exec(text)?.[1]);
    expect(repeats).toBeGreaterThanOrEqual(3);
  });
});

describe('a thousand interleavings of calls, edits and deletes', () => {
  const algorithms = ['none', 'murmur32', 'murmur64', 'murmur128', 'sha256'] as const;
  const pick = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(Math.random() * values.length)];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  };

  /** One key, on which nodes of both generations call, and finish calls late, while it is edited and in the end perhaps deleted. */
  const interleave = async (key: WrittenKey): Promise<void> => {
    const underWay: (() => Promise<void>)[] = [];
    const steps: (() => Promise<void>)[] = [
      async () => {
        underWay.push((await pick(nodes).begin(key.token)).writeBack);
      },
      async () => {
        await underWay.shift()?.();
      },
      () => key.edit(`edit-${randomBytes(3).toString('hex')}`),
    ];
    for (let step = 0; step < 6; step += 1) await pick(steps)();
    if (Math.random() < 0.5) await key.delete();
    for (const writeBack of underWay) await writeBack();
  };

  it('ends in what was asked', async () => {
    const chosen = Array.from({ length: 1_000 }, () => pick(algorithms));
    const keys = await WrittenKey.createAll(chosen.map((one) => (one === 'none' ? undefined : one)));
    for (let from = 0; from < keys.length; from += 100) await Promise.all(keys.slice(from, from + 100).map(interleave));
    await settled();
    const wrong: string[] = [];
    for (const key of keys) {
      const stored = await key.stored();
      if (stored !== key.alias) wrong.push(`${String(stored)} instead of ${String(key.alias)}`);
    }
    expect(keys).toHaveLength(1_000);
    expect(wrong).toEqual([]);
  });
});
