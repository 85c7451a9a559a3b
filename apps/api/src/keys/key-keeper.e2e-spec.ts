import { Redis } from 'ioredis';
import { KeyIndex, type KeyRow } from '@castellan/persistence';
import {
  aPolicy,
  eventually,
  KeyCache,
  redisCommandsOf,
  textOf,
  unique,
  type CacheGeneration,
} from '@castellan/testing';
import {
  hashText,
  NOTIFICATION_CHANNEL,
  readSession,
  sessionName,
  verifyNotification,
  type KeyHashAlgorithm,
  type Session,
} from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, addPolicy, type Json } from '../../test/configuration';
import { WrittenKey } from '../../test/written-key';
import { KeyCounters } from './key-counters';
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
const announced = new Set<string>();

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
    const read = verifyNotification(message, api.config.nodeSecret);
    if (read.ok) for (const name of read.payload.split(',')) announced.add(name);
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
    else expect(await index.replace(row, row.version - 1)).toBe(true);
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

describe('keys whose policy was inactive and is active again', () => {
  let policy: string;
  let setPolicy: (isInactive: boolean) => Promise<void>;
  let rights: Json;

  beforeAll(async () => {
    const apiId = await addApi(organisation);
    policy = await addPolicy(organisation, [apiId]);
    rights = { [apiId]: { api_id: apiId, versions: ['Default'] } };
    setPolicy = async (isInactive) => {
      const body = aPolicy([apiId], { is_inactive: isInactive });
      expectOk(await organisation.admin.client.put(`/api/portal/policies/${policy}`, body));
    };
  });

  const stored = async (hash: string): Promise<Session> =>
    readSession((await redis.get(sessionName(hash))) ?? '') ?? {};
  /** What gateways write of a caller with a JWT, or of any key that applies the policy, while that is inactive. */
  const writtenByNode = async (hash: string, before: Session = {}): Promise<void> => {
    const session = { org_id: organisation.id, access_rights: rights, ...before, apply_policies: [policy] };
    await redis.set(sessionName(hash), JSON.stringify({ ...session, is_inactive: true }));
  };
  const create = async (): Promise<string> => {
    const body = { alias: unique('key'), apply_policies: [policy] };
    return textOf(expectOk(await organisation.admin.client.post('/api/keys', body)).json['key_hash']);
  };
  const deactivate = async (hash: string): Promise<void> => {
    expectOk(await organisation.admin.client.put(`/api/keys/${hash}?hashed=1`, { is_inactive: true }));
  };
  const aHash = (): string => hashText(unique('jwt'), 'murmur128');

  it('go on, also those of callers with a JWT, and nodes forget the sessions that they have', async () => {
    const [jwt, own, blocked, blockedElsewhere] = [aHash(), await create(), await create(), aHash()];
    await deactivate(blocked);
    await writtenByNode(blockedElsewhere);
    expectOk(await organisation.admin.client.get(`/api/keys/${blockedElsewhere}?hashed=1`));
    await setPolicy(true);
    await settled();
    for (const hash of [jwt, own]) await writtenByNode(hash, await stored(hash));
    expectOk(await organisation.admin.client.put(`/api/keys/${own}?hashed=1`, { alias: 'edited meanwhile' }));
    await settled();
    await writtenByNode(own, await stored(own));
    await setPolicy(false);
    await eventually(async () => (await stored(jwt))['is_inactive'] === false);
    await eventually(async () => (await stored(own))['is_inactive'] === false);
    expect(await stored(own)).toMatchObject({ alias: 'edited meanwhile', apply_policies: [policy] });
    // murmur128 begins with what gateways from 5.0 on keep the session under.
    await eventually(() => announced.has(jwt) && announced.has(jwt.slice(0, 16)));
    // What people have deactivated stays so.
    for (const hash of [blocked, blockedElsewhere]) expect(await stored(hash)).toMatchObject({ is_inactive: true });
  });
});

describe('counters', () => {
  it('are those of the policy that several of a key have its APIs counted under, and begin anew with the others', async () => {
    const [one, two] = [await addApi(organisation), await addApi(organisation)];
    const quota = { quota_max: 20, quota_renewal_rate: 3_600 };
    const policies = [await addPolicy(organisation, [one], quota), await addPolicy(organisation, [two], quota)];
    const { client } = organisation.admin;
    const created = expectOk(await client.post('/api/keys', { apply_policies: policies }));
    const hash = textOf(created.json['key_hash']);
    // As gateways write it back.
    const rights = [one, two].map((id, at) => [id, { api_id: id, limit: quota, allowance_scope: policies[at] }]);
    const text = (await redis.get(sessionName(hash))) ?? '';
    const session = { ...readSession(text), ...quota, access_rights: Object.fromEntries(rights) as Json };
    await redis.set(sessionName(hash), JSON.stringify(session));
    const [counter, whole] = [`quota-${policies[0] ?? ''}-${hash}`, `quota-${hash}`];
    await redis.mset(counter, '5', whole, '1');
    const { json } = expectOk(await client.get(`/api/keys/${hash}?hashed=1`));
    expect(json['counters']).toMatchObject({ key: { used: 1 }, apis: { [one]: { used: 5 }, [two]: { used: 0 } } });
    expectOk(await client.post(`/api/keys/${hash}/reset?hashed=1`));
    expect(await redis.exists(counter, whole)).toBe(0);
  });

  it('are forgotten in a few commands, however many APIs a key has, and however many keys there are', async () => {
    const own = await api.organisation({ allow_unknown_apis_in_policies: true });
    const ids = Array.from({ length: 100 }, () => unique('api'));
    const policy = await addPolicy(own, ids, { quota_max: -1 });
    let hash = '';
    const created = await redisCommandsOf(async () => {
      const { json } = expectOk(await own.admin.client.post('/api/keys', { apply_policies: [policy] }));
      hash = textOf(json['key_hash']);
    });
    const [row] = await index.known([hash]);
    await redis.mset(...ids.flatMap((id) => [`quota-${id}-${hash}`, '1']), `quota-${hash}`, '1');
    const deleted = await redisCommandsOf(async () => {
      expectOk(await own.admin.client.delete(`/api/keys/${hash}?hashed=1`));
    });
    expect(await redis.keys(`quota-*${hash}`)).toEqual([]);
    expect(deleted.filter((name) => name === 'unlink')).toHaveLength(1);
    // What works beside it looks now and then, too; but nothing is done API by API.
    for (const sent of [created, deleted]) expect(sent.length).toBeLessThan(50);

    if (row === undefined) throw new Error('The key is not in the index');
    const rows = Array.from({ length: 1_000 }, () => ({
      ...row,
      hash: hashText(unique('hash'), 'sha256'),
      ...{ apiIds: ['a'], policyIds: [] },
    }));
    const names = rows.flatMap((one) => [`quota-${one.hash}`, '1', `rate-limit-a-${one.hash}`, '1']);
    await redis.mset(...names);
    const forgotten = await redisCommandsOf(() => api.app.get(KeyCounters).reset(rows));
    expect(forgotten.filter((name) => name === 'unlink')).toHaveLength(3);
    expect(await redis.exists(...names.filter((name) => name !== '1'))).toBe(0);
  });
});
