import { Redis } from 'ioredis';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { eventually, numberOf, textOf, unique, type Reply } from '@castellan/testing';
import { generateToken, hashKey, hashText, parseToken, readSession, sessionName, type Session } from '@castellan/tyk';
import { AnnouncedKeys } from '../../test/announced-keys';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, addPolicy, type Json } from '../../test/configuration';
import { KeyKeeper } from './key-keeper';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let other: TestOrganisation;
let apiId: string;
let redis: Redis;
let announcements: AnnouncedKeys;

beforeAll(async () => {
  api = await ApiUnderTest.start({ KEY_SETTLE_MS: '600000', KEY_SCAN_MS: '86400000' });
  organisation = await api.organisation();
  other = await api.organisation();
  apiId = await addApi(organisation);
  redis = new Redis(api.config.redisUrl);
  announcements = await AnnouncedKeys.of(api);
});

afterAll(async () => {
  redis.disconnect();
  announcements.stop();
  await api.stop();
});

const rights = (): Json => ({ [apiId]: { api_id: apiId, api_name: 'Test', versions: ['Default'] } });
const aSession = (fields: Json = {}): Json => ({ access_rights: rights(), ...fields });
const create = async (
  fields: Json = {},
  path = '/api/keys',
): Promise<{ token: string; hash: string; reply: Reply }> => {
  const reply = expectOk(await organisation.admin.client.post(path, aSession(fields)));
  return { token: textOf(reply.json['key_id']), hash: textOf(reply.json['key_hash']), reply };
};
const stored = async (hash: string): Promise<Session | undefined> =>
  readSession((await redis.get(sessionName(hash))) ?? '');
const get = (key: string, query = ''): Promise<Reply> =>
  organisation.admin.client.get(`/api/keys/${encodeURIComponent(key)}${query}`);

describe('a key that is made', () => {
  it('is in Redis, under the hash of its token, and nodes have heard of it under every name', async () => {
    const { token, hash } = await create({ alias: 'mobile', rate: 10, per: 1 });
    expect(parseToken(token)).toMatchObject({ form: 'json', organisationId: organisation.id, algorithm: 'sha256' });
    expect(hash).toBe(hashKey(token));
    expect(await stored(hash)).toMatchObject({
      org_id: organisation.id,
      alias: 'mobile',
      rate: 10,
      access_rights: { [apiId]: { limit: null, allowance_scope: '' } },
    });
    await eventually(
      () => announcements.names.includes(hash) && announcements.names.includes(hashText(token, 'murmur64')),
    );
  });

  it('is shown with its token once, and by its hash from then on', async () => {
    const { token, hash } = await create();
    const { json } = expectOk(await get(token));
    expect(json['key_id']).toBe(hash);
    expect(json['key_hash']).toBe(hash);
    expect(JSON.stringify(json)).not.toContain(token);
  });

  it('leaves its token nowhere in the database', async () => {
    const { token } = await create({ alias: unique('alias') });
    const id = parseToken(token).keyId;
    const database = api.app.get<Connection>(getConnectionToken());
    for (const { name } of await database.listCollections()) {
      const texts = JSON.stringify(await database.collection(name).find().toArray());
      expect(texts).not.toContain(token);
      expect(texts).not.toContain(id);
    }
  });

  it('says in words what nodes will do', async () => {
    const { reply } = await create({ quota_max: 0, expires: -1 });
    expect(reply.json['explanation']).toEqual(
      expect.arrayContaining(['It never expires.', 'No quota: any number of calls.']),
    );
  });

  it('is previewed without being made', async () => {
    const alias = unique('preview');
    const { json } = expectOk(await organisation.admin.client.post('/api/keys/preview', aSession({ alias })));
    expect(json['data']).toMatchObject({ alias, org_id: organisation.id });
    expect(expectOk(await organisation.admin.client.get(`/api/keys?alias=${alias}`)).json['total']).toBe(0);
  });
});

describe('a key that cannot be made', () => {
  const refused = async (fields: Json): Promise<Reply> => {
    const before = numberOf(expectOk(await organisation.admin.client.get('/api/keys')).json['total']);
    const reply = await organisation.admin.client.post('/api/keys', fields);
    expect(expectOk(await organisation.admin.client.get('/api/keys')).json['total']).toBe(before);
    return reply;
  };

  it.each([{}, { access_rights: {} }, { access_rights: null }, { apply_policies: [] }])(
    'opens nothing, as %j does, which nodes would take for everything',
    async (fields) => {
      const reply = await refused(fields);
      expect(reply.status).toBe(400);
      expect(reply.json['Errors']?.[0]?.['path']).toBe('access_rights');
    },
  );

  it('names an API or a policy that there is not, or another organisation has', async () => {
    const foreign = await addApi(other);
    for (const id of ['nowhere', foreign]) {
      const reply = await refused({ access_rights: { [id]: { api_id: id, versions: ['Default'] } } });
      expect([reply.status, reply.json['Errors']?.[0]?.['message']]).toEqual([400, 'names no API of the organisation']);
    }
    for (const id of ['nothing', await addPolicy(other, [foreign])]) {
      const reply = await refused(aSession({ apply_policies: [id] }));
      expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, 'apply_policies[0]']);
    }
  });

  it.each([
    [{ expires: 1_800_000_000_000 }, 'expires'],
    [{ expires: -7 }, 'expires'],
    [{ quota_max: -2 }, 'quota_max'],
    [{ rate: 5 }, 'per'],
    [{ rate: 'fast' }, 'rate'],
    [{ Quota_Max: 1 }, '["Quota_Max"]'],
    [{ basic_auth_data: { password: 'x'.repeat(73) } }, 'basic_auth_data.password'],
    [{ basic_auth_data: { password: '😀'.repeat(19) } }, 'basic_auth_data.password'],
    [{ basic_auth_data: { password: 'a\0b' } }, 'basic_auth_data.password'],
  ])('says %j, which nodes would misread', async (fields, path) => {
    const reply = await refused(aSession(fields));
    expect(reply.status).toBe(400);
    expect(reply.json['Errors']?.[0]?.['path']).toBe(path);
  });

  it('is no object', async () => {
    expect((await organisation.admin.client.post('/api/keys', [])).status).toBe(400);
  });

  it('is made by somebody without the right', async () => {
    const reader = await api.user(organisation.id, { keys: 'read' });
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await reader.client.post('/api/keys', aSession())).status).toBe(403);
    expect((await stranger.client.get('/api/keys')).status).toBe(403);
    expect((await api.anonymous.post('/api/keys', aSession())).status).toBe(401);
  });
});

describe('a key whose id was chosen', () => {
  it.each(['team/a', 'a+b@x.org', 'foo bar', 'x.y:z|1'])('is made, read, changed and deleted as %s', async (name) => {
    const id = `${name}-${unique('id')}`;
    const path = `/api/keys/${encodeURIComponent(id)}`;
    const { token, hash } = await create({ alias: id }, path);
    expect(parseToken(token).keyId).toBe(id);
    expect(await stored(hash)).toBeDefined();
    expect(await stored(hashKey(id))).toBeDefined();
    for (const text of [id, token, hash]) expect((await get(text)).json['key_hash']).toBe(hash);
    expectOk(await organisation.admin.client.put(path, { alias: 'changed' }));
    expect(await stored(hash)).toMatchObject({ alias: 'changed' });
    expect(await stored(hashKey(id))).toMatchObject({ alias: 'changed' });
    expectOk(await organisation.admin.client.delete(path));
    expect(await stored(hash)).toBeUndefined();
    expect(await stored(hashKey(id))).toBeUndefined();
    expect((await get(id)).status).toBe(404);
  });

  it.each(['abc', 'ключ-длинный', ' demo', 'a,bcd'])('is refused as %s', async (id) => {
    const reply = await organisation.admin.client.post(`/api/keys/${encodeURIComponent(id)}`, aSession());
    expect(reply.status).toBe(400);
    expect(reply.json['Errors']?.[0]?.['path']).toBe('key');
  });

  it('is refused when another organisation’s key lies under the same name, which stays as it was', async () => {
    const id = unique('demo');
    const { hash } = await create({}, `/api/keys/${id}`);
    const before = await redis.get(sessionName(hash));
    const foreignApi = await addApi(other);
    const body = { access_rights: { [foreignApi]: { api_id: foreignApi, versions: ['Default'] } } };
    const reply = await other.admin.client.post(`/api/keys/${id}`, body);
    expect(reply.status).toBe(409);
    expect(reply.text).not.toContain(organisation.id);
    expect(await redis.get(sessionName(hash))).toBe(before);
  });

  it('is refused when its short hash is another key’s', async () => {
    const id = unique('weak-id');
    const same = id.slice(0, Math.floor(id.length / 4) * 4);
    await create({}, `/api/keys/${same}`);
    expect((await organisation.admin.client.post(`/api/keys/${same}X`, aSession())).status).toBe(409);
  });

  it('can be made again after it was deleted', async () => {
    const id = unique('again');
    await create({}, `/api/keys/${id}`);
    expectOk(await organisation.admin.client.delete(`/api/keys/${id}`));
    const { hash } = await create({ alias: 'second' }, `/api/keys/${id}`);
    expect(await stored(hash)).toMatchObject({ alias: 'second' });
  });
});

describe('a key that is changed', () => {
  it('keeps what is not sent, and what nodes and others have put there', async () => {
    const { token, hash } = await create({ alias: 'one', tags: ['a'], meta_data: { plan: 'gold' } });
    const session = (await redis.get(sessionName(hash))) ?? '';
    await redis.set(sessionName(hash), `${session.slice(0, -1)},"x_own":9007199254740993,"quota_remaining":4}`);
    expectOk(await organisation.admin.client.put(`/api/keys/${token}`, { alias: 'two' }));
    const text = (await redis.get(sessionName(hash))) ?? '';
    expect(text).toContain('"alias":"two"');
    expect(text).toContain('"x_own":9007199254740993');
    expect(readSession(text)).toMatchObject({ tags: ['a'], meta_data: { plan: 'gold' }, quota_remaining: 4 });
  });

  it('answers what old and new clients expect', async () => {
    const { token } = await create();
    const { text } = expectOk(await organisation.admin.client.put(`/api/apis/${apiId}/keys/${token}`, { alias: 'x' }));
    expect(text).toMatch(/^\{"Status":"OK","Message":"Key updated","Meta":"","api_model":\{\},"key_id":/);
  });

  it('is not changed by who has read an older version', async () => {
    const { token } = await create();
    const path = `/api/keys/${token}`;
    const { headers } = expectOk(await get(token));
    const current = organisation.admin.client.with({ 'if-match': String(headers.get('etag')) });
    expectOk(await current.put(path, { alias: 'first' }));
    expect((await current.put(path, { alias: 'second' })).status).toBe(412);
    expect((await get(token)).json['data']).toMatchObject({ alias: 'first' });
  });

  it('begins its quota anew, unless it is told not to', async () => {
    const { token, hash } = await create({ quota_max: 5, quota_renewal_rate: 3600 });
    await redis.set(`quota-${hash}`, '4');
    expect((await get(token)).json['counters']?.['key']).toEqual({ quota_max: 5, used: 4, remaining: 1 });
    expectOk(await organisation.admin.client.put(`/api/keys/${token}?suppress_reset=1`, { alias: 'a' }));
    expect(await redis.get(`quota-${hash}`)).toBe('4');
    expectOk(await organisation.admin.client.post(`/api/keys/${token}/reset`, {}));
    expect(await redis.get(`quota-${hash}`)).toBeNull();
  });

  it('stops following its policies while it is inactive, and follows them again', async () => {
    const policy = await addPolicy(organisation, [apiId]);
    const { token, hash, reply } = await create({ access_rights: {}, apply_policies: [policy] });
    expect(reply.json['data']).toMatchObject({ apply_policies: [policy] });
    expectOk(await organisation.admin.client.put(`/api/keys/${token}`, { is_inactive: true }));
    expect(await stored(hash)).toMatchObject({ is_inactive: true, apply_policies: [], access_rights: { [apiId]: {} } });
    expect((await get(token)).json['data']).toMatchObject({ is_inactive: true, apply_policies: [policy] });
    expectOk(await organisation.admin.client.put(`/api/keys/${token}`, { is_inactive: false }));
    expect(await stored(hash)).toMatchObject({ is_inactive: false, apply_policies: [policy] });
  });
});

describe('keys that are looked for', () => {
  it('are found though a node made them, and changed under their hash', async () => {
    const hash = hashText(unique('made-elsewhere'), 'murmur32');
    const session = { org_id: organisation.id, access_rights: rights(), alias: 'from a node', rate: 1, per: 1 };
    await redis.set(sessionName(hash), JSON.stringify(session));
    const { json } = expectOk(await get(hash, '?hashed=1'));
    expect(json['data']).toMatchObject({ alias: 'from a node' });
    // No message and no reload ends what gateways from 5.0 on remember of it, so every reply says how long that lasts.
    const said = expect.stringContaining('gateways from 5.0 on may go by what it was for ten seconds') as unknown;
    const late = expect.arrayContaining([said]) as unknown;
    expect(json['explanation']).toEqual(late);
    const { client } = organisation.admin;
    const edited = expectOk(await client.put(`/api/keys/${hash}?hashed=1`, { alias: 'from here' }));
    expect(edited.json['explanation']).toEqual(late);
    expect(await stored(hash)).toMatchObject({ alias: 'from here' });
    const idle = expectOk(await client.put(`/api/keys/${hash}?hashed=1`, { is_inactive: true }));
    expect(idle.json['explanation']).toEqual(late);
    const told = expectOk(await client.post('/api/keys/bulk/delete?dry_run=true', { keys: [hash] }));
    expect(told.json['results']).toEqual([{ key_id: hash, status: 'deleted', message: said }]);
    const deleted = expectOk(await client.delete(`/api/keys/${hash}?hashed=1`));
    expect(deleted.json).toEqual({ Status: 'OK', Message: 'Key deleted succesfully', explanation: late, Meta: '' });
    expect(await stored(hash)).toBeUndefined();
    const { token } = await create();
    const gone = expectOk(await client.delete(`/api/keys/${token}`));
    expect(gone.text).toBe('{"Status":"OK","Message":"Key deleted succesfully","Meta":""}');
  });

  it('are told to nodes by what the token says of them when a node made them and somebody names them by it', async () => {
    const token = generateToken(organisation.id, unique('made-elsewhere'), 'murmur32');
    const session = JSON.stringify({ org_id: organisation.id, access_rights: rights(), rate: 1, per: 1 });
    await redis.set(sessionName(hashKey(token)), session);
    expectOk(await organisation.admin.client.delete(`/api/keys/${encodeURIComponent(token)}`));
    await eventually(
      () => announcements.names.includes(hashText(token, 'murmur64')) && announcements.names.includes(hashKey(token)),
    );
    const bulk = generateToken(organisation.id, unique('made-elsewhere'), 'murmur32');
    await redis.set(sessionName(hashKey(bulk)), session);
    expectOk(await get(hashKey(bulk), '?hashed=1'));
    expectOk(await organisation.admin.client.post('/api/keys/bulk/delete', { keys: [bulk] }));
    await eventually(() => announcements.names.includes(hashText(bulk, 'murmur64')));
  });
});

describe('keys while the Redis of the nodes is away', () => {
  // That it goes away between the commit and the write cannot be produced at will.
  const cutOff = (): void => {
    jest.spyOn(api.app.get(KeyKeeper), 'apply').mockRejectedValueOnce(new Error('Connection is closed.'));
  };

  it('are not made when it goes away in the middle', async () => {
    const alias = unique('half-made');
    cutOff();
    expect((await organisation.admin.client.post('/api/keys', aSession({ alias }))).status).toBe(503);
    expect(expectOk(await organisation.admin.client.get(`/api/keys?alias=${alias}`)).json['total']).toBe(0);
  });

  it('stay as they were when it goes away in the middle of a change or a deletion', async () => {
    const { token, hash } = await create({ alias: 'before' });
    cutOff();
    expect((await organisation.admin.client.put(`/api/keys/${token}`, { alias: 'after' })).status).toBe(503);
    expect((await get(token)).json['data']).toMatchObject({ alias: 'before' });
    cutOff();
    expect((await organisation.admin.client.delete(`/api/keys/${token}`)).status).toBe(503);
    expect((await get(token)).json['data']).toMatchObject({ alias: 'before' });
    expect(await stored(hash)).toMatchObject({ alias: 'before' });
    expectOk(await organisation.admin.client.delete(`/api/keys/${token}`));
    expect((await get(token)).status).toBe(404);
  });
});
