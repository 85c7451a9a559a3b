import { createHash, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { aPolicy, listOf, textOf, unique, withVersion, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';

const path = '/api/portal/policies';
const nobodysId = '000000000000000000000000';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let apiId: string;

beforeAll(async () => {
  api = await ApiUnderTest.start();
  organisation = await api.organisation();
  apiId = await addApi(organisation);
});
afterAll(() => api.stop());

const create = async (policy: object = aPolicy(), owner = organisation): Promise<string> =>
  textOf(expectOk(await owner.admin.client.post(path, policy)).json['Message']);
const get = async (id: string): Promise<Reply> => expectOk(await organisation.admin.client.get(`${path}/${id}`));
const idsOf = ({ json }: Reply): string[] => listOf(json['Data']).map((policy) => textOf(policy['_id']));
const problemsOf = ({ json }: Reply): string[] => listOf(json['Errors']).map((error) => textOf(error['path']));

describe('DELETE /api/portal/policies/{id}', () => {
  let redis: Redis;

  beforeAll(() => {
    redis = new Redis(api.config.redisUrl);
  });
  afterAll(() => {
    redis.disconnect();
  });

  const aHash = () => createHash('sha256').update(randomUUID()).digest('hex');
  const putSession = async (session: object, name = aHash()): Promise<string> => {
    await redis.set(`apikey-${name}`, JSON.stringify({ org_id: organisation.id, alias: '', ...session }));
    return name;
  };
  const remove = (id: string, query = '') => organisation.admin.client.delete(`${path}/${id}${query}`);

  it('is refused while keys apply the policy, by either of its ids, and says which', async () => {
    const explicit = unique('gold');
    const id = await create({ ...aPolicy(), id: explicit });
    const alias = unique('ada');
    const names = [
      await putSession({ apply_policies: ['other', explicit], alias }),
      await putSession({ apply_policies: [id] }),
      await putSession({ apply_policies: null, apply_policy_id: explicit }),
    ];
    const reply = await remove(id);
    expect([reply.status, reply.json['Code']]).toEqual([409, 'in_use']);
    const errors = listOf(reply.json['Errors']);
    expect(errors.map((error) => textOf(error['path'])).sort()).toEqual(
      names.map((name) => `keys.${name.slice(0, 8)}…`).sort(),
    );
    expect(errors.map((error) => error['message'])).toContain(`The key "${alias}" applies the policy`);
    expect(withVersion(await organisation.admin.client.get(`${path}/${id}`))['version']).toBe(1);
  });

  it('goes through with force=true', async () => {
    const id = await create();
    await putSession({ apply_policies: [id] });
    expect((await remove(id, '?force=false')).status).toBe(409);
    expectOk(await remove(id, '?force=true'));
    expect((await organisation.admin.client.get(`${path}/${id}`)).status).toBe(404);
  });

  it('goes through once no key applies the policy any more', async () => {
    const id = await create();
    const name = await putSession({ apply_policies: [id] });
    expect((await remove(id)).status).toBe(409);
    await redis.del(`apikey-${name}`);
    expectOk(await remove(id));
  });

  it('does not mind what is no key of the organisation that applies the policy', async () => {
    const id = await create();
    await putSession({ apply_policies: [], tags: [id], meta_data: { apply_policies: [id] } });
    await putSession({ apply_policies: [id], org_id: '000000000000000000000000' });
    await redis.set(`apikey-${aHash()}`, `broken ${id}`);
    await redis.lpush(`apikey-${aHash()}`, id);
    await redis.set(`quota-${aHash()}`, JSON.stringify({ org_id: organisation.id, apply_policies: [id] }));
    expectOk(await remove(id));
  });

  it('finds a key among thousands, and an id that the session spells with escapes', async () => {
    const explicit = unique('a&b');
    const id = await create({ ...aPolicy(), id: explicit });
    const others = Array.from({ length: 3_000 }, () => [`apikey-${aHash()}`, '{"apply_policies":["x"]}']);
    await redis.mset(others.flat());
    const session = JSON.stringify({ org_id: organisation.id, apply_policies: [explicit] });
    await redis.set(`apikey-${aHash()}`, session.replace('&', '\\u0026'));
    const reply = await remove(id);
    expect([reply.status, listOf(reply.json['Errors']).length]).toEqual([409, 1]);
  });

  it('names no more than twenty', async () => {
    const id = await create();
    await Promise.all(Array.from({ length: 25 }, () => putSession({ apply_policies: [id] })));
    expect(listOf((await remove(id)).json['Errors'])).toHaveLength(20);
  });

  it('never shows a key that is stored without a hash (promise 9)', async () => {
    const id = await create();
    const raw = `${organisation.id}${randomUUID().replaceAll('-', '')}`;
    const custom = randomUUID().replaceAll('-', '');
    for (const name of [raw, custom, 'my-own-key']) await putSession({ apply_policies: [id] }, name);
    const { text, json } = await remove(id);
    expect(listOf(json['Errors'])).toHaveLength(3);
    for (const secret of [raw.slice(24, 34), custom.slice(0, 10), 'my-own']) expect(text).not.toContain(secret);
  });
});

describe('a policy that is searched for', () => {
  let own: TestOrganisation;
  let gold: string;
  let silver: string;
  let ownApi: string;

  const found = async (query: string): Promise<string[]> =>
    idsOf(expectOk(await own.admin.client.get(`${path}/search?${query}`)));

  beforeAll(async () => {
    own = await api.organisation();
    ownApi = await addApi(own);
    gold = await create(
      { ...aPolicy([ownApi]), name: 'Gold (EU)', id: 'gold', state: 'active', auth_type: 'jwt' },
      own,
    );
    silver = await create(
      { ...aPolicy(), name: 'Silver', active: false, state: 'draft', auth_types: ['authToken', 'ba'] },
      own,
    );
  });

  it.each([
    ['part of a name, whatever the case', 'q=oLd%20(e', () => [gold]],
    ['an explicit id', 'q=gold', () => [gold]],
    ['what looks like a pattern', 'q=.*', () => []],
    ['nothing', 'q=', () => [silver, gold]],
    ['an API', () => `api_id=other,${ownApi}`, () => [gold]],
    ['activity', 'active=1', () => [gold]],
    ['a state', 'state=draft', () => [silver]],
    ['an authentication', 'auth_type=jwt', () => [gold]],
    ['one of several authentications', 'auth_type=ba&p=-1', () => [silver]],
    ['a page of what only documents tell', 'state=draft&p=2', () => []],
    ['ids of both kinds', () => `policy_ids=gold, ${silver}`, () => [silver, gold]],
    ['an _id', () => `q=${silver}`, () => [silver]],
    ['a name, sorted', 'sort=name', () => [gold, silver]],
    ['a name, sorted backwards', 'sort=-name', () => [silver, gold]],
    ['a date, sorted', 'sort=date_created', () => [gold, silver]],
    ['a state, sorted', 'sort=state', () => [gold, silver]],
    ['a state, sorted backwards', 'sort=-state', () => [silver, gold]],
  ] as [string, string | (() => string), () => string[]][])('finds by %s', async (_, query, expected) => {
    expect(await found(typeof query === 'string' ? query : query())).toEqual(expected());
  });

  it('refuses an order that it does not know', async () => {
    const reply = await own.admin.client.get(`${path}/search?sort=rate`);
    expect([reply.status, problemsOf(reply)]).toEqual([400, ['sort']]);
  });

  it('counts the pages of what it found', async () => {
    const { json } = await own.admin.client.get(`${path}/search?q=silver`);
    expect(json['Pages']).toBe(1);
    expect((await own.admin.client.get(`${path}?active=1`)).json['Data']).toHaveLength(1);
  });
});

describe('the history of a policy', () => {
  it('rolls back to exactly the content that was, in a new revision', async () => {
    const id = await create(aPolicy([apiId], { last_updated: '1655965189' }));
    const first = await get(id);
    expectOk(await organisation.admin.client.put(`${path}/${id}`, aPolicy([], { rate: 1 })));
    const reply = expectOk(await organisation.admin.client.post(`${path}/${id}/rollback`, { revision: 1 }));
    expect(reply.headers.get('etag')).toBe('"3"');
    expect((await get(id)).json).toEqual(first.json);
    const history = listOf((await organisation.admin.client.get(`${path}/${id}/revisions`)).json['revisions']);
    expect(history.map((revision) => revision['operation'])).toEqual(['rollback', 'update', 'create']);
    expect(history[0]?.['digest']).toBe(history[2]?.['digest']);
  });

  it('refuses to roll back to an API that is gone', async () => {
    const gone = await addApi(organisation);
    const id = await create(aPolicy([gone]));
    expectOk(await organisation.admin.client.put(`${path}/${id}`, aPolicy()));
    expectOk(await organisation.admin.client.delete(`/api/apis/${gone}`));
    const reply = await organisation.admin.client.post(`${path}/${id}/rollback`, { revision: 1 });
    expect([reply.status, problemsOf(reply)]).toEqual([400, [`access_rights.${gone}`]]);
  });

  it('lets a policy stay as it is when one of its APIs is gone', async () => {
    const gone = await addApi(organisation);
    const policy = aPolicy([gone]);
    const id = await create(policy);
    expectOk(await organisation.admin.client.delete(`/api/apis/${gone}`));
    expectOk(await organisation.admin.client.put(`${path}/${id}`, policy));
    const reply = await organisation.admin.client.put(`${path}/${id}`, { ...policy, rate: 1 });
    expect(problemsOf(reply)).toEqual([`access_rights.${gone}`]);
  });

  it('shows what was deleted, and brings it back with its ids', async () => {
    const policy = aPolicy([apiId], { id: unique('back') });
    const id = await create(policy);
    const { json } = await get(id);
    expectOk(await organisation.admin.client.delete(`${path}/${id}`));
    const deleted = listOf((await organisation.admin.client.get(`${path}/deleted`)).json['deleted']);
    expect(deleted.find((gone) => textOf(gone['id']) === id)).toMatchObject({ name: policy['name'], revision: 2 });
    expectOk(await organisation.admin.client.post(`${path}/${id}/restore`));
    expect(withVersion(await get(id))).toEqual({ ...json, version: 3 });
    const again = await organisation.admin.client.post(`${path}/${id}/restore`);
    expect([again.status, again.json['Code']]).toEqual([409, 'id_conflict']);
  });

  it('names the change and its reason in a revision', async () => {
    const id = await create(aPolicy([apiId]));
    const headers = { 'x-change-reason': 'CHG-7' };
    expectOk(await organisation.admin.client.put(`${path}/${id}`, aPolicy([apiId], { per: 1 }), { headers }));
    const { json } = await organisation.admin.client.get(`${path}/${id}/revisions/2`);
    expect(json).toMatchObject({ reason: 'CHG-7', operation: 'update', actor: { kind: 'user' } });
    expect(listOf(json['diff']).map((operation) => operation['path'])).toContain('/per');
  });
});

describe('POST /api/portal/policies/validate', () => {
  const validate = (policy: object, query = '') => organisation.admin.client.post(`${path}/validate${query}`, policy);

  it('says what a creation would do, and does nothing', async () => {
    const explicit = unique('try');
    const policy = aPolicy([apiId], { id: explicit });
    const reply = expectOk(await validate(policy));
    expect(reply.json).toMatchObject({
      Status: 'OK',
      Message: 'Policy is valid',
      Meta: { changes: [{ kind: 'policy', operation: 'create', version: 1 }] },
    });
    expect((await organisation.admin.client.get(`${path}/${explicit}`)).status).toBe(404);
  });

  it('says what an update would change', async () => {
    const policy = aPolicy([apiId], { last_updated: '1655965189' });
    const id = await create(policy);
    const reply = expectOk(await validate({ ...policy, rate: 1 }, `?id=${id}`));
    const [change, ...others] = listOf(reply.json['Meta']?.['changes']);
    expect(others).toEqual([]);
    expect(change).toMatchObject({ id, operation: 'update', version: 2 });
    const rate = listOf(change?.['diff']).find((operation) => textOf(operation['path']) === '/rate');
    expect(rate).toEqual({ op: 'replace', path: '/rate', before: 100, value: 1 });
    expect((await get(id)).json['rate']).toBe(100);
    expect((await validate(policy, `?id=${id}`)).json['Meta']).toEqual({ changes: [] });
  });

  it('refuses what a write would refuse', async () => {
    const id = await create(aPolicy([apiId]));
    expect((await validate({ rate: 'x' })).status).toBe(400);
    expect(problemsOf(await validate(aPolicy(['nowhere'])))).toEqual(['access_rights.nowhere']);
    expect((await validate({ ...aPolicy(), _id: id })).json['Code']).toBe('id_conflict');
    expect((await validate(aPolicy(), `?id=${nobodysId}`)).status).toBe(404);
  });
});

describe('promise 6: policies of other organisations', () => {
  it('answers another organisation’s policy exactly as one that does not exist', async () => {
    const explicit = unique('secret');
    const id = await create({ ...aPolicy(), id: explicit });
    const stranger = await api.organisation();
    const without = ({ json }: Reply) => ({ ...json, RequestID: '' });
    const missing = await stranger.admin.client.get(`${path}/${nobodysId}`);
    for (const foreign of [`${path}/${id}`, `${path}/${explicit}`]) {
      const replies = [
        await stranger.admin.client.get(foreign),
        await stranger.admin.client.put(foreign, aPolicy()),
        await stranger.admin.client.delete(`${foreign}?force=true`),
      ];
      for (const reply of replies) {
        expect(reply.status).toBe(404);
        expect(without(reply)).toEqual(without(missing));
      }
    }
    expect((await stranger.admin.client.get(`${path}/${id}/revisions`)).status).toBe(404);
    expect((await stranger.admin.client.post(`${path}/${id}/restore`)).status).toBe(404);
    expect(idsOf(await stranger.admin.client.get(`${path}?p=-1`))).toEqual([]);
    expect(idsOf(await stranger.admin.client.get(`${path}/search?q=${id}`))).toEqual([]);
    expect(withVersion(await get(id))['version']).toBe(1);
  });

  it('does not name another organisation’s policy in a conflict', async () => {
    const name = unique('hidden');
    const id = await create(aPolicy([], { name }));
    const stranger = await api.organisation();
    const reply = await stranger.admin.client.post(path, { ...aPolicy(), _id: id });
    expect([reply.status, reply.json['Code'], reply.json['Meta']]).toEqual([409, 'id_conflict', null]);
    expect(reply.text).not.toContain(name);
  });
});
