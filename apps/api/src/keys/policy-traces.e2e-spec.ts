import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { nodeIndexKey, nodeKey } from '@castellan/delivery';
import { KeyStore } from '@castellan/keys';
import { ChoreStore, KeyIndex, type ChoreRow } from '@castellan/persistence';
import { aPolicy, eventually, listOf, textOf, unique, type Reply } from '@castellan/testing';
import { hashText, listAt, objectAt, readSession, sessionName, textAt, type Session } from '@castellan/tyk';
import { AnnouncedKeys } from '../../test/announced-keys';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, addPolicy, type Json } from '../../test/configuration';
import { ChoreRunner } from '../chores/chore-runner';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let apiId: string;
let redis: Redis;
let announcements: AnnouncedKeys;

beforeAll(async () => {
  api = await ApiUnderTest.start({ KEY_SETTLE_MS: '300', KEY_SCAN_MS: '86400000' });
  organisation = await api.organisation();
  apiId = await addApi(organisation);
  // Chores are done step by step here, and a step that is made due again while it is done would be done twice.
  await api.app.get(ChoreRunner).beforeApplicationShutdown();
  redis = new Redis(api.config.redisUrl);
  announcements = await AnnouncedKeys.of(api);
});

afterAll(async () => {
  redis.disconnect();
  announcements.stop();
  await api.stop();
});

const gold = { tags: ['gold', 'shared'], meta_data: { plan: 'gold', tier: 2 } };

const chores = () => api.app.get<Connection>(getConnectionToken()).collection<ChoreRow>('key_store_chores');
/** Does what is left to be done, without the pauses in between, until nothing is. */
const step = async (): Promise<void> => {
  await chores().updateMany({}, { $set: { due: new Date(0) } });
  await api.app.get(ChoreRunner).doAllDue();
};
const traced = (): Promise<unknown> =>
  eventually(async () => {
    await step();
    return (await chores().countDocuments({ job: 'traces.remove' })) === 0;
  });
const change = async (policy: string, fields: Json): Promise<void> => {
  const body = aPolicy([apiId], fields);
  expectOk(await organisation.admin.client.put(`/api/portal/policies/${policy}`, body));
};
const create = async (fields: Json): Promise<string> =>
  textOf(expectOk(await organisation.admin.client.post('/api/keys', fields)).json['key_hash']);
const put = (hash: string, fields: Json) => organisation.admin.client.put(`/api/keys/${hash}?hashed=1`, fields);
const stored = async (hash: string): Promise<Session> => readSession((await redis.get(sessionName(hash))) ?? '') ?? {};
const valuesOf = async (hash: string): Promise<unknown> => {
  const { tags, meta_data } = await stored(hash);
  return { tags, meta_data };
};
/** What a gateway writes back: the session as it has it, with what the policies say. */
const writeBack = async (hash: string, fields: Json): Promise<string> => {
  const text = JSON.stringify({ ...(await stored(hash)), ...fields });
  await redis.set(sessionName(hash), text);
  return text;
};
/** A session that a gateway has made, as of a caller with a JWT. */
const byGateway = async (policy: string, fields: Json, owner = organisation.id): Promise<string> => {
  const hash = hashText(unique('jwt'), 'murmur128');
  const access_rights = { [apiId]: { api_id: apiId, versions: ['Default'] } };
  await writeBack(hash, { org_id: owner, access_rights, apply_policies: [policy], ...fields });
  return hash;
};

describe('tags and meta data that a policy says no more', () => {
  it('go out of the sessions that have them of it, and what the keys say themselves is there again', async () => {
    const policy = await addPolicy(organisation, [apiId], gold);
    const another = await addPolicy(organisation, [apiId], { tags: ['shared'] });
    const own = await create({ apply_policies: [policy], tags: ['own', 'shared'], meta_data: { plan: 'own', x: 1 } });
    const read = { tags: ['own', 'shared', 'gold'], meta_data: { plan: 'gold', tier: 2, x: 1 } };
    await writeBack(own, read);
    // Somebody reads it, edits one field and sends all of it back.
    expectOk(await put(own, { ...read, alias: 'edited' }));
    const both = await create({ apply_policies: [policy, another] });
    await writeBack(both, gold);
    const [jwt, elsewhere, foreign] = [
      await byGateway(policy, gold),
      await byGateway(another, gold),
      await byGateway(policy, gold, '5e9d9544a1dcd60001d0ed20'),
    ];
    const database = api.app.get<Connection>(getConnectionToken());
    expect(JSON.stringify(await database.collection('keys').find().toArray())).not.toContain('"plan"');

    await change(policy, { tags: [], meta_data: { tier: 2 } });
    await traced();
    expect(await valuesOf(own)).toEqual({ tags: ['own', 'shared'], meta_data: { plan: 'own', tier: 2, x: 1 } });
    expect(await stored(own)).toMatchObject({ alias: 'edited', apply_policies: [policy] });
    // The other policy says that one, too.
    expect(await valuesOf(both)).toEqual({ tags: ['shared'], meta_data: { tier: 2 } });
    expect(await valuesOf(jwt)).toEqual({ tags: [], meta_data: { tier: 2 } });
    for (const hash of [elsewhere, foreign]) expect(await valuesOf(hash)).toEqual(gold);
    await eventually(() => [own, both, jwt, jwt.slice(0, 16)].every((name) => announcements.names.includes(name)));
    const found = expectOk(await organisation.admin.client.get('/api/keys?tag=gold'));
    expect(listOf(found.json['data']?.['keys'])).toEqual([]);
  });

  it('stay out though a gateway writes back what it had before it has loaded the policy', async () => {
    const policy = await addPolicy(organisation, [apiId], gold);
    const hash = await byGateway(policy, gold);
    const old = (await redis.get(sessionName(hash))) ?? '';
    await change(policy, {});
    await step();
    expect(await redis.get(sessionName(hash))).not.toBe(old);
    await redis.set(sessionName(hash), old);
    await traced();
    expect(await valuesOf(hash)).toEqual({ tags: [], meta_data: {} });
  });

  it('go out of sessions that name a policy which is gone, of several policies at once', async () => {
    const policies = [await addPolicy(organisation, [apiId], gold), await addPolicy(organisation, [apiId], gold)];
    const hashes = await Promise.all(policies.map((policy) => byGateway(policy, gold)));
    const [deleted = '', changed = ''] = policies;
    expectOk(await organisation.admin.client.delete(`/api/portal/policies/${deleted}?force=true`));
    await change(changed, { ...gold, tags: ['gold'] });
    expect(await chores().countDocuments({ job: 'traces.remove' })).toBe(1);
    await traced();
    expect(await Promise.all(hashes.map(valuesOf))).toEqual([
      { tags: [], meta_data: {} },
      { ...gold, tags: ['gold'] },
    ]);
  });

  it('make room for what a key says itself when the key leaves the policy, too, and for nothing when it is rotated', async () => {
    const limits = { rate: 100, per: 60, quota_max: 5, quota_renewal_rate: 3_600 };
    const policy = await addPolicy(organisation, [apiId], { ...gold, ...limits });
    const another = await addPolicy(organisation, [apiId], { partitions: { acl: true } });
    const values = { tags: ['gold'], meta_data: { plan: 'own' } };
    const hash = await create({ apply_policies: [policy], ...values, rate: 10, per: 1 });
    await writeBack(hash, { ...gold, ...limits });
    const rotated = await organisation.admin.client.post(`/api/keys/${hash}/rotate?hashed=1`, { grace: 0 });
    const twin = textOf(expectOk(rotated).json['key_hash']);
    expect(await valuesOf(twin)).toEqual(gold);
    expect(await stored(twin)).toMatchObject(limits);
    expectOk(await put(twin, { apply_policies: [another] }));
    expect(await valuesOf(twin)).toEqual(values);
    // Nor is there anything of the policy's rate and quota, which the other one leaves to the key.
    expect(await stored(twin)).toMatchObject({ rate: 10, per: 1 });
    expect(await stored(twin)).not.toHaveProperty('quota_max');
  });

  it('make room for what an imported key says itself, as its export says or, where that knows nothing, as no policy says', async () => {
    const { client } = organisation.admin;
    const policy = await addPolicy(organisation, [apiId], { ...gold, rate: 100, per: 60 });
    const another = await addPolicy(organisation, [apiId], { partitions: { acl: true } });
    const fields = { apply_policies: [policy], tags: ['gold', 'own'], meta_data: { plan: 'own' }, rate: 10, per: 1 };
    const names = [await create(fields), await create(fields)];
    for (const hash of names) await writeBack(hash, { ...gold, tags: ['gold', 'shared', 'own'], rate: 100, per: 60 });
    const settled = () =>
      eventually(async () => (await api.app.get(KeyIndex).known(names)).every(({ pending }) => pending === null));
    await settled();
    const { json } = expectOk(await client.get('/api/keys/export'));
    const exported = listOf(json['keys']).filter((key) => names.includes(textOf(listOf(key['names'])[0])));
    expect(exported).toHaveLength(2);
    const keys = exported.map(({ own, ...key }, at) => (at === 0 ? { ...key, own } : key));
    const [known, unknown] = exported.map((key) => textOf(listOf(key['names'])[0]));
    const imported = async (): Promise<void> => {
      const reply = expectOk(await client.post('/api/keys/import?overwrite=true', { keys }));
      expect(reply.json['Status']).toBe('OK');
    };
    for (const hash of names) expectOk(await client.delete(`/api/keys/${hash}?hashed=1`));
    await settled();
    await imported();
    for (const hash of names) expectOk(await put(hash, { apply_policies: [another] }));
    expect(await valuesOf(known ?? '')).toEqual({ tags: ['gold', 'own'], meta_data: { plan: 'own' } });
    expect(await stored(known ?? '')).toMatchObject({ rate: 10, per: 1 });
    // Of what the policy had written over, nothing is known there.
    expect(await valuesOf(unknown ?? '')).toEqual({ tags: ['own'], meta_data: {} });
    expect(await stored(unknown ?? '')).not.toHaveProperty('rate');
    // And over keys that are there.
    await imported();
    for (const hash of names) expectOk(await put(hash, { apply_policies: [another] }));
    expect(await valuesOf(known ?? '')).toEqual({ tags: ['gold', 'own'], meta_data: { plan: 'own' } });
    for (const [own, status] of [
      ['{}', 'changed'],
      ['[]', 'refused'],
      ['{"limits":{"rate":"many"}}', 'refused'],
      ['{"tags":[7]}', 'refused'],
    ]) {
      const path = '/api/keys/import?overwrite=true&dry_run=true';
      const { json: tried } = expectOk(await client.post(path, { keys: [{ ...keys[0], own }] }));
      expect([own, listOf(tried['results'])]).toMatchObject([own, [{ status }]]);
    }
  });

  it('are looked for step by step, from where the last step has ended, though Redis went away in between', async () => {
    const fillers = Array.from({ length: 12_000 }, (_, index) => `filler-${index}`);
    await redis.mset(...fillers.flatMap((name) => [name, 'x']));
    const policy = await addPolicy(organisation, [apiId], gold);
    const hashes = await Promise.all(Array.from({ length: 20 }, () => byGateway(policy, gold)));
    const [notes, store] = [api.app.get(ChoreStore), api.app.get(KeyStore)];
    const noted: { reason: string; cursor: string; isLast: boolean }[] = [];
    let isAway = false;
    const [later, scan] = [notes.later.bind(notes), store.scan.bind(store)];
    const spies = [
      jest.spyOn(notes, 'later').mockImplementation(async (chore, due, reason, progress) => {
        // What another policy has left to be done goes on beside it.
        if (!chore.text.includes(policy)) return later(chore, due, reason, progress);
        const at = readSession(progress ?? '{}') ?? {};
        const cursor = textAt(listAt(at, 'places')[0] ?? null, 'cursor');
        noted.push({ reason, cursor, isLast: at['isLast'] === true });
        // As if the process had died after its first step, or Redis.
        isAway = noted.length === 1;
        return later(chore, due, reason, progress);
      }),
      jest
        .spyOn(store, 'scan')
        .mockImplementation((place, prefix) =>
          isAway ? Promise.reject(new Error('Connection is closed.')) : scan(place, prefix),
        ),
    ];
    await change(policy, {});
    await traced();
    for (const spy of spies) spy.mockRestore();
    await redis.unlink(...fillers);
    for (const hash of hashes) expect(await valuesOf(hash)).toEqual({ tags: [], meta_data: {} });
    expect(noted.filter(({ reason }) => reason === 'Redis')).toHaveLength(1);
    // Each place was come to once.
    const places = noted.filter(({ cursor, isLast }) => !isLast && cursor !== '').map(({ cursor }) => cursor);
    expect(places.length).toBeGreaterThan(1);
    expect(new Set(places).size).toBe(places.length);
  });
});

describe('rights that policies have granted', () => {
  const forget = async (policy: string): Promise<void> => {
    expectOk(await organisation.admin.client.delete(`/api/portal/policies/${policy}?force=true`));
  };
  const rightsOf = async (hash: string): Promise<string[]> =>
    Object.keys(objectAt(await stored(hash), 'access_rights'));
  const get = (hash: string): Promise<Reply> => organisation.admin.client.get(`/api/keys/${hash}?hashed=1`);
  const opensNothing = expect.arrayContaining([expect.stringContaining('It opens nothing')]) as unknown;

  it('open nothing once none of the policies is there that does so, whatever gateways have of them', async () => {
    const [one, two] = [await addPolicy(organisation, [apiId]), await addPolicy(organisation, [apiId])];
    const quota = await addPolicy(organisation, [apiId], { partitions: { quota: true } });
    const other = await addPolicy(organisation, [apiId]);
    const [both, single, limited, jwt] = [
      await create({ apply_policies: [one, two], meta_data: { plan: 'own' } }),
      await create({ apply_policies: [one] }),
      await create({ apply_policies: [one, quota] }),
      await byGateway(one, { apply_policies: [two, one] }),
    ];
    const granted = await create({ apply_policies: [one, other] });
    const old = (await redis.get(sessionName(both))) ?? '';
    await forget(one);
    expect(await rightsOf(both)).toEqual([apiId]);
    await forget(two);
    await step();
    // A gateway that has not loaded them yet.
    await redis.set(sessionName(both), old);
    await traced();
    for (const hash of [both, single, limited, jwt]) {
      const rights = await rightsOf(hash);
      // None at all would open every API, and no API can be called like this one.
      expect([rights.length, rights.join().includes('/')]).toEqual([1, true]);
      const { json } = expectOk(await get(hash));
      expect(json).toMatchObject({ data: { access_rights: {} }, explanation: opensNothing });
    }
    expect(await rightsOf(granted)).toEqual([apiId]);
    const { text } = expectOk(await organisation.admin.client.get(`/api/keys?api=${apiId}&p=-1`));
    expect([both, granted].map((hash) => text.includes(hash))).toEqual([false, true]);

    // To name no policy any more makes none of it the key’s own.
    const { status, json } = await put(both, { apply_policies: [] });
    expect([status, json['Errors']?.[0]?.['path']]).toEqual([400, 'access_rights']);
    expectOk(await put(both, { apply_policies: [other] }));
    expect(await rightsOf(both)).toEqual([apiId]);
    expect(expectOk(await get(both)).json['explanation']).not.toEqual(opensNothing);
    expect(await stored(both)).toMatchObject({ meta_data: { plan: 'own' } });
  });

  it('are gone soon though a gateway has fallen silent, and are looked for again when that is forgotten', async () => {
    const policies = [await addPolicy(organisation, [apiId]), await addPolicy(organisation, [apiId])];
    const hash = await create({ apply_policies: policies });
    const old = (await redis.get(sessionName(hash))) ?? '';
    const [silent, lastSeen] = [unique('node'), Date.now() - 60_000];
    await redis.hset(nodeKey(silent), { id: silent, registeredAt: lastSeen, lastSeen });
    await redis.zadd(nodeIndexKey, lastSeen, silent);
    for (const policy of policies) await forget(policy);
    await eventually(async () => {
      await step();
      const chore = await chores().findOne({ job: 'traces.remove' });
      return chore?.progress?.includes('"among":"all"') === true && chore.reason.startsWith('1 gateways');
    });
    expect(await rightsOf(hash)).toEqual(['castellan/none']);
    // It was only cut off, and comes back to Redis.
    await redis.set(sessionName(hash), old);
    await redis.multi().del(nodeKey(silent)).zrem(nodeIndexKey, silent).exec();
    await traced();
    expect(await rightsOf(hash)).toEqual(['castellan/none']);
  });

  it('are nobody’s once their policy is gone, also before anybody has looked', async () => {
    const policy = await addPolicy(organisation, [apiId]);
    const hash = await create({ apply_policies: [policy] });
    await forget(policy);
    expect((await put(hash, { apply_policies: [] })).status).toBe(400);
    expectOk(await put(hash, { apply_policies: [], access_rights: { [apiId]: { versions: ['Default'] } } }));
    await traced();
    expect(await rightsOf(hash)).toEqual([apiId]);
  });

  it('go when the policy grants none any more, and stay where the key’s own are all that there were', async () => {
    const policy = await addPolicy(organisation, [apiId]);
    const quota = await addPolicy(organisation, [apiId], { partitions: { quota: true } });
    const own = await create({ apply_policies: [quota], access_rights: { [apiId]: { versions: ['Default'] } } });
    const theirs = await create({ apply_policies: [policy, quota] });
    await change(policy, { partitions: { rate_limit: true } });
    await forget(quota);
    await traced();
    expect(await rightsOf(own)).toEqual([apiId]);
    expect(expectOk(await get(theirs)).json).toMatchObject({ data: { access_rights: {} }, explanation: opensNothing });
    await change(policy, {});
    expectOk(await put(theirs, { apply_policies: [policy] }));
    expect(await rightsOf(theirs)).toEqual([apiId]);
  });
});
