import { Redis } from 'ioredis';
import {
  analyticsList,
  anAnalyticsRecord,
  encodeRecord,
  eventually,
  listOf,
  textOf,
  unique,
  type Reply,
} from '@castellan/testing';
import { hashText } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, addPolicy, type Json } from '../../test/configuration';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let apiId: string;

beforeAll(async () => {
  api = await ApiUnderTest.start();
  organisation = await api.organisation();
  apiId = await addApi(organisation);
});
afterAll(() => api.stop());

const create = async (fields: Json = {}, path = '/api/keys'): Promise<{ token: string; hash: string }> => {
  const body = { access_rights: { [apiId]: { api_id: apiId, versions: ['Default'] } }, ...fields };
  const { json } = expectOk(await organisation.admin.client.post(path, body));
  return { token: textOf(json['key_id']), hash: textOf(json['key_hash']) };
};
const get = (path: string): Promise<Reply> => organisation.admin.client.get(path);
const found = async (query: string): Promise<string[]> =>
  listOf(expectOk(await get(`/api/keys?${query}`)).json['data']?.['keys']).map(String);

describe('keys that are looked for by what is known of them', () => {
  it('are found by alias, tag, policy, API, owner, expiry, hash and token', async () => {
    const tag = unique('tag');
    const alias = unique('alias');
    const policy = await addPolicy(organisation, [apiId]);
    const { token, hash } = await create({ alias, tags: [tag], apply_policies: [policy], expires: 1_893_456_000 });
    expect(await found(`alias=${alias}`)).toEqual([hash]);
    expect(await found(`q=${alias}`)).toEqual([hash]);
    expect(await found(`q=${hash}`)).toEqual([hash]);
    expect(await found(`tag=${tag}`)).toEqual([hash]);
    expect(await found(`policy=${policy}`)).toEqual([hash]);
    expect(await found(`api=${apiId}&tag=${tag}`)).toEqual([hash]);
    expect(await found(`owner=${organisation.admin.id}&tag=${tag}`)).toEqual([hash]);
    expect(await found(`tag=${tag}&expires_from=2029-12-31T23:59:59Z&expires_to=2030-01-01T00:00:01Z`)).toEqual([hash]);
    expect(await found(`tag=${tag}&expires_from=2030-01-01T00:00:01Z&expires_to=2031-01-01T00:00:00Z`)).toEqual([]);
    const { json } = expectOk(await organisation.admin.client.post('/api/keys/search', { token }));
    expect(json['keys']).toMatchObject([{ key_id: hash, data: { alias, tags: [tag] } }]);
  });

  it('come in pages that stay while others are made, each exactly once, with the total', async () => {
    const own = await api.organisation();
    const ownApi = await addApi(own);
    const body = { access_rights: { [ownApi]: { api_id: ownApi, versions: ['Default'] } } };
    for (let count = 0; count < 23; count += 1) expectOk(await own.admin.client.post('/api/keys', body));
    const seen: string[] = [];
    let query = '';
    for (;;) {
      const { json, headers } = expectOk(await own.admin.client.get(`/api/keys${query}`));
      seen.push(...listOf(json['data']?.['keys']).map(String));
      if (query === '') {
        expect(json['total']).toBe(23);
        expect(json['pages']).toBe(3);
        expectOk(await own.admin.client.post('/api/keys', body));
      }
      const next = headers.get('x-next-after');
      if (next === null) break;
      query = `?after=${encodeURIComponent(next)}`;
    }
    expect(new Set(seen).size).toBe(23);
    expect(seen).toHaveLength(23);
    expect((await own.admin.client.get('/api/keys?after=nonsense')).status).toBe(400);
    const all = expectOk(await own.admin.client.get('/api/apis/-/keys?p=-1'));
    expect(listOf(all.json['data']?.['keys'])).toHaveLength(24);
  });

  it('are read under an API only when they have a right to it', async () => {
    const { token } = await create();
    expectOk(await organisation.admin.client.get(`/api/apis/${apiId}/keys/${token}`));
    expectOk(await organisation.admin.client.get(`/api/apis/-/keys/${token}`));
    expect((await organisation.admin.client.get(`/api/apis/${await addApi(organisation)}/keys/${token}`)).status).toBe(
      404,
    );
  });
});

describe('a name that is searched for', () => {
  it('is the alias of some keys and the user of another one', async () => {
    const name = unique('both');
    const { hash: user } = await create({ basic_auth_data: { password: 'x' } }, `/api/apis/keys/basic/${name}`);
    expect(await found(`q=${name}`)).toEqual([user]);
    const { hash } = await create({ alias: name });
    expect((await found(`q=${name}`)).sort()).toEqual([hash, user].sort());
  });

  it('is compared by its bytes: Bob, bob and BOB are three users, and one that is deleted leaves the others', async () => {
    const { client } = organisation.admin;
    const name = unique('bob');
    const names = [name, `B${name.slice(1)}`, name.toUpperCase()];
    const hashes: string[] = [];
    for (const one of names) {
      const path = `/api/apis/keys/basic/${one}`;
      hashes.push((await create({ alias: one, basic_auth_data: { password: 'x' } }, path)).hash);
    }
    expect(new Set(hashes).size).toBe(3);
    const hashOf = async (one: string): Promise<unknown> => (await get(`/api/keys/${one}?username=1`)).json['key_hash'];
    expect(await Promise.all(names.map(hashOf))).toEqual(hashes);
    for (const [at, one] of names.entries()) {
      for (const query of [`q=${one}`, `alias=${one}`]) expect(await found(query)).toEqual([hashes[at]]);
    }
    expectOk(await client.delete(`/api/keys/${names[1] ?? ''}?username=1`));
    expect(await Promise.all(names.map(hashOf))).toEqual([hashes[0], undefined, hashes[2]]);
    expect(await found(`q=${names[1] ?? ''}`)).toEqual([]);
  });

  it('is a hash that a log of gateways shows, of a key that was deleted, too', async () => {
    const alias = unique('gone');
    const { token, hash } = await create({ alias, tags: ['lost'] });
    expectOk(await organisation.admin.client.delete(`/api/keys/${token}`));
    expect(await found(`q=${hash}`)).toEqual([]);
    const { json } = expectOk(await get(`/api/keys/detailed?q=${hash}&deleted=true`));
    expect(listOf(json['keys'])).toMatchObject([
      { key_id: hash, data: { alias, tags: ['lost'], deleted_at: expect.stringMatching(/^20/) as string } },
    ]);
    expect(await found(`q=${alias}&deleted=true`)).toEqual([hash]);
    const other = await api.organisation();
    const theirs = expectOk(await other.admin.client.get(`/api/keys?q=${hash}&deleted=true`));
    expect(theirs.json['total']).toBe(0);
  });
});

describe('when a key was used last', () => {
  let redis: Redis;

  beforeAll(() => {
    redis = new Redis(api.config.redisUrl);
  });
  afterAll(() => {
    redis.disconnect();
  });

  const called = (APIKey: string, at: string) =>
    redis.rpush(analyticsList, encodeRecord(anAnalyticsRecord({ at: new Date(at), OrgID: organisation.id, APIKey })));
  const lastUsed = async (hash: string): Promise<unknown> => {
    const { json } = expectOk(await get(`/api/keys/${hash}?hashed=true`));
    const listed = expectOk(await organisation.admin.client.get(`/api/keys/detailed?q=${hash}`)).json['keys'];
    expect(listed).toMatchObject([{ data: { last_used: json['last_used'] } }]);
    return json['last_used'];
  };

  it('is known once its records are stored, stays when older ones come later, and is kept over changes', async () => {
    const { hash } = await create();
    expect(await lastUsed(hash)).toBeNull();
    await called(hash, '2026-11-20T10:00:30Z');
    await eventually(async () => (await lastUsed(hash)) === '2026-11-20T10:00:00.000Z');
    expectOk(await organisation.admin.client.put(`/api/keys/${hash}?hashed=true`, { alias: unique('alias') }));
    await called(hash, '2026-11-19T10:00:00Z');
    await called(hash, '2026-11-20T11:00:00Z');
    await eventually(async () => (await lastUsed(hash)) === '2026-11-20T11:00:00.000Z');
    const other = await api.organisation();
    await redis.rpush(
      analyticsList,
      encodeRecord(anAnalyticsRecord({ at: new Date('2026-11-21T10:00:00Z'), OrgID: other.id, APIKey: hash })),
    );
    await called(hash, '2026-11-20T12:00:00Z');
    await eventually(async () => (await lastUsed(hash)) === '2026-11-20T12:00:00.000Z');
  });

  it('is known of a user with a password by whatever name gateways record it under', async () => {
    const name = unique('ada');
    const { hash } = await create({ basic_auth_data: { password: 'x' } }, `/api/apis/keys/basic/${name}`);
    await called(hashText(`${organisation.id}${name}`, 'murmur32'), '2026-11-20T10:00:00Z');
    await eventually(async () => (await lastUsed(hash)) === '2026-11-20T10:00:00.000Z');
  });
});
