import { Redis } from 'ioredis';
import { KeyIndex } from '@castellan/persistence';
import { anApiDefinition, aPolicy, eventually, listOf, textOf, unique, type Reply } from '@castellan/testing';
import { hashKey, parseJson, readSession, sessionName, type Session } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, addPolicy, type Json } from '../../test/configuration';
import { KeyScanner } from './key-scanner';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let other: TestOrganisation;
let apiId: string;
let redis: Redis;

beforeAll(async () => {
  api = await ApiUnderTest.start({ KEY_SETTLE_MS: '100', KEY_SCAN_MS: '86400000' });
  organisation = await api.organisation();
  other = await api.organisation();
  apiId = await addApi(organisation);
  redis = new Redis(api.config.redisUrl);
});

afterAll(async () => {
  redis.disconnect();
  await api.stop();
});

const rightsTo = (...ids: string[]): Json =>
  Object.fromEntries(ids.map((id) => [id, { api_id: id, api_name: 'Test', versions: ['Default'] }]));
const create = async (
  fields: Json = {},
  path = '/api/keys',
): Promise<{ token: string; hash: string; reply: Reply }> => {
  const reply = expectOk(await organisation.admin.client.post(path, { access_rights: rightsTo(apiId), ...fields }));
  return { token: textOf(reply.json['key_id']), hash: textOf(reply.json['key_hash']), reply };
};
const stored = async (hash: string): Promise<Session | undefined> =>
  readSession((await redis.get(sessionName(hash))) ?? '');
const get = (path: string): Promise<Reply> => organisation.admin.client.get(path);
const post = (path: string, body: object = {}): Promise<Reply> => organisation.admin.client.post(path, body);
const put = (path: string, body: object): Promise<Reply> => organisation.admin.client.put(path, body);
const found = async (query: string): Promise<string[]> =>
  listOf(expectOk(await get(`/api/keys?${query}`)).json['data']?.['keys']).map(String);
const settled = (): Promise<boolean> => eventually(async () => (await api.app.get(KeyIndex).unsettled()) === 0);

describe('a key that is changed field by field', () => {
  it('loses no right without another, and never all of them', async () => {
    const { token, hash } = await create();
    const reply = await organisation.admin.client.put(`/api/keys/${token}`, { access_rights: {} });
    expect(reply.status).toBe(400);
    expect(await stored(hash)).toMatchObject({ access_rights: { [apiId]: {} } });
  });

  it('leaves an audit record that names no secret', async () => {
    const { token, hash } = await create({ hmac_enabled: true, jwt_data: { secret: 'jwt-shared-secret' } });
    const hmac = textOf((await stored(hash))?.['hmac_string']);
    expectOk(
      await organisation.admin.client.put(`/api/keys/${token}`, {
        alias: 'audited',
        jwt_data: { secret: 'another-secret' },
      }),
    );
    const reader = await api.user(organisation.id, { keys: 'read' });
    expect((await reader.client.delete(`/api/keys/${token}`)).status).toBe(403);
    const { json } = expectOk(await organisation.admin.client.get('/api/audit-logs?p=-1'));
    const logged = listOf(json['audit_logs']).filter((entry) => textOf(entry['action']) === 'Update Key');
    expect(JSON.stringify(logged)).toContain('audited');
    for (const secret of [hmac, 'jwt-shared-secret', 'another-secret', token])
      expect(JSON.stringify(json).includes(secret)).toBe(false);
  });

  it('stays what it was, with its version, when nothing of it changes', async () => {
    const { token, hash } = await create({ alias: 'same', quota_max: 5 });
    const path = `/api/keys/${token}?suppress_reset=1`;
    const { headers } = expectOk(await put(path, { alias: 'other' }));
    const [tag, session] = [headers.get('etag'), await redis.get(sessionName(hash))];
    const again = expectOk(await put(path, { alias: 'other' }));
    expect([again.headers.get('etag'), await redis.get(sessionName(hash))]).toEqual([tag, session]);
    const client = organisation.admin.client.with({ 'if-match': '"1"' });
    expect((await client.put(path, { alias: 'other' })).status).toBe(412);
    // Whoever does not say otherwise begins the quota anew, which is a change.
    expect(expectOk(await put(`/api/keys/${token}`, { alias: 'other' })).headers.get('etag')).not.toBe(tag);
  });

  it('has each field that was sent as it was sent, whole, and the others as they were', async () => {
    const { token, hash } = await create({ tags: ['a', 'b'], meta_data: { cost: 1, nested: { a: 1 } } });
    expectOk(await put(`/api/keys/${token}`, { meta_data: { nested: { b: 1 } } }));
    expect(await stored(hash)).toMatchObject({ tags: ['a', 'b'] });
    expect((await stored(hash))?.['meta_data']).toEqual({ nested: { b: 1 } });
    expectOk(await put(`/api/keys/${token}`, { tags: ['c'] }));
    expect(await stored(hash)).toMatchObject({ tags: ['c'], meta_data: { nested: { b: 1 } } });
  });

  it('gets no renewal with a quota that names none', async () => {
    const { token, hash } = await create();
    expectOk(await put(`/api/keys/${token}`, { quota_max: 5 }));
    expect(await stored(hash)).toMatchObject({ quota_max: 5 });
    expect(await stored(hash)).not.toHaveProperty('quota_renewal_rate');
    expect((await get(`/api/keys/${token}`)).json['explanation']).toContain('5 calls in all, never renewed.');
  });
});

describe('an id in a path', () => {
  it('says a plus by a plus, a slash by its escape and nothing twice, at every verb', async () => {
    const [plus, slash] = [`${unique('a')}+b@x.org`, `${unique('team')}/a`];
    const { hash } = await create({}, `/api/keys/${encodeURIComponent(plus)}`);
    for (const path of [plus, encodeURIComponent(plus)])
      expect(expectOk(await get(`/api/keys/${path}`)).json['key_hash']).toBe(hash);
    expect((await get(`/api/keys/${plus.replace('+', '%20')}`)).status).toBe(404);
    await create({ quota_max: 5 }, `/api/keys/${encodeURIComponent(slash)}`);
    expectOk(await post(`/api/keys/${encodeURIComponent(slash)}/reset`));
    expect((await get(`/api/keys/${encodeURIComponent(encodeURIComponent(slash))}`)).status).toBe(404);
    for (const id of [encodeURIComponent('team/a'), String.raw`team\a`])
      expect((await post(`/api/keys/${encodeURIComponent(id)}`, { access_rights: rightsTo(apiId) })).status).toBe(400);
  });

  it.each([1, 3, 256, 4_096, 8_192, 65_536])('is refused when it has %d characters', async (length) => {
    const answered = await fetch(`${api.url}/api/keys/${'x'.repeat(length)}`, {
      method: 'POST',
      headers: { authorization: organisation.admin.accessKey, 'content-type': 'application/json' },
      body: JSON.stringify({ access_rights: rightsTo(apiId) }),
    });
    expect([400, 404, 414, 431]).toContain(answered.status);
    await answered.text();
  });
});

describe('an alias', () => {
  it.each([
    'two\nlines',
    'a\rreturn',
    'a\ttab',
    'right \u202eto left',
    '=cmd()|calc',
    '   ',
    'x'.repeat(200),
    '.*',
    'a,b;"c"',
  ])('may be %j: it is kept as it is, and found by the same characters alone', async (text) => {
    const alias = `${unique('alias')}${text}`;
    const { hash } = await create({ alias });
    expect(await stored(hash)).toMatchObject({ alias });
    for (const by of ['alias', 'q']) expect(await found(`${by}=${encodeURIComponent(alias)}`)).toEqual([hash]);
    expect(await found(`alias=${encodeURIComponent(`${alias.slice(0, -2)}*`)}`)).toEqual([]);
  });
});

describe('what a change of a key says of its APIs', () => {
  it('names versions that are gone since, and for how long gateways keep it', async () => {
    const versions = { v1: { name: 'v1' }, v2: { name: 'v2' } };
    const definition = {
      version_data: { not_versioned: false, versions },
      definition: { location: 'header', key: 'v' },
    };
    const versioned = anApiDefinition({ ...definition, name: 'Orders', session_lifetime: 60, use_keyless: false });
    const id = await addApi(organisation, versioned);
    const right = { api_id: id, api_name: 'Orders', versions: ['v1'] };
    const { hash, token } = await create({ access_rights: { [id]: right } });
    const another = expectOk(await organisation.admin.client.post('/api/keys', { access_rights: { [id]: right } }));
    expect(JSON.stringify(another.json['explanation'])).toContain('has gateways remove it 60 seconds after');
    const said = async (): Promise<string> =>
      JSON.stringify(expectOk(await put(`/api/keys/${token}`, { alias: unique('a') })).json['explanation']);
    expect(await said()).toContain('Orders (session_lifetime) has gateways remove it 60 seconds after');
    expect(await said()).not.toContain('nothing is opened by it');
    const less = { ...versioned, version_data: { not_versioned: false, versions: { v2: versions.v2 } } };
    const saved = expectOk(await put(`/api/apis/${id}`, { api_definition: less }));
    // Both keys have a right to the API, and whoever took the version away hears of it.
    expect(parseJson(saved.headers.get('x-castellan-notes') ?? '[]')).toEqual([
      {
        path: 'api_definition.version_data.versions',
        message: expect.stringMatching(/^has lost "v1", by which 2 keys .* opens nothing$/) as unknown,
      },
    ]);
    const again = expectOk(await put(`/api/apis/${id}`, { api_definition: { ...less, name: 'Orders' } }));
    expect(again.headers.get('x-castellan-notes')).toBeNull();
    expect(await said()).toContain('nothing is opened by it');
    // Nothing is widened by that: it names what it named.
    expect((await stored(hash))?.['access_rights']).toMatchObject({ [id]: { versions: ['v1'] } });
  });
});

describe('the policies that a key names', () => {
  it('stand in its session by the id that nodes load them under, whichever was sent, also after one was made anew', async () => {
    const id = unique('gold');
    const rowId = await addPolicy(organisation, [apiId], { id });
    for (const named of [id, rowId]) {
      const { hash } = await create({ apply_policies: [named] });
      expect(await stored(hash)).toMatchObject({ apply_policies: [id] });
    }
    const { hash } = await create({ apply_policies: [id] });
    expectOk(await organisation.admin.client.delete(`/api/portal/policies/${rowId}?force=true`));
    expectOk(await organisation.admin.client.post('/api/portal/policies', aPolicy([apiId], { id })));
    expectOk(await put(`/api/keys/${hash}?hashed=1`, { alias: 'follows the new one' }));
    expect(await stored(hash)).toMatchObject({ apply_policies: [id] });
  });

  it('count each API that has limits of its own by itself, and the rest together, rates where gateways count them in Redis', async () => {
    const second = await addApi(organisation);
    const policy = await addPolicy(organisation, [apiId, second]);
    const { hash } = await create({ apply_policies: [policy] });
    // As nodes write it back.
    const limit = { quota_max: 20, quota_renewal_rate: 60, rate: 5, per: 60 };
    const materialised = {
      ...(await stored(hash)),
      ...{ quota_max: 300, quota_renewal_rate: 60, rate: 10, per: 60 },
      access_rights: {
        [apiId]: { api_id: apiId, versions: ['Default'], limit, allowance_scope: apiId },
        [second]: { api_id: second, versions: ['Default'], limit: null, allowance_scope: '' },
      },
    };
    await redis.set(sessionName(hash), JSON.stringify(materialised));
    await redis.mset(`quota-${hash}`, '7', `quota-${apiId}-${hash}`, '5');
    const quotas = {
      key: { quota_max: 300, used: 7, remaining: 293 },
      apis: { [apiId]: { quota_max: 20, used: 5, remaining: 15 } },
    };
    const counters = async () => (await get(`/api/keys/${hash}?hashed=1`)).json['counters'];
    expect(await counters()).toEqual({ ...quotas, rates: { key: null, apis: {} } });
    for (const seconds of [1, 30, 90]) {
      const at = `${Date.now() - seconds * 1_000}000000`;
      await redis.zadd(`rate-limit-${hash}`, at, at);
    }
    await redis.set(`rate-limit-${apiId}-${hash}.BLOCKED`, '1');
    expect(await counters()).toEqual({
      ...quotas,
      rates: {
        key: { rate: 10, per: 60, used: 2, remaining: 8, blocked: false },
        apis: { [apiId]: { rate: 5, per: 60, used: 0, remaining: 5, blocked: true } },
      },
    });
    // What somebody else has put there is no count.
    await redis.set(`rate-limit-${hash}`, 'x');
    expect((await counters())?.['rates']).toMatchObject({ key: null });
  });
});

describe('a key that was deleted', () => {
  it('is deleted again when an old copy of Redis has brought it back, and counted among the changes that were repeated', async () => {
    const { token, hash } = await create();
    await settled();
    const text = (await redis.get(sessionName(hash))) ?? '';
    expectOk(await organisation.admin.client.delete(`/api/keys/${token}`));
    await settled();
    await redis.set(sessionName(hash), text);
    await api.app.get(KeyScanner).walk(() => Promise.resolve(true));
    await eventually(async () => (await redis.exists(sessionName(hash))) === 0);
    expect(await found(`q=${hash}`)).toEqual([]);
    const { text: metrics } = await api.anonymous.get('/metrics');
    expect(Number(/^castellan_key_writes_repeated_total\{[^}]*\} (\d+)/m.exec(metrics)?.[1])).toBeGreaterThan(0);
  });
});

describe('a key that is asked for twice', () => {
  it('is two keys, and both are in the index and in Redis', async () => {
    const alias = unique('twice');
    const made = await Promise.all([create({ alias }), create({ alias })]);
    const hashes = made.map(({ hash }) => hash).sort();
    expect((await found(`alias=${alias}`)).sort()).toEqual(hashes);
    for (const hash of hashes) expect(await stored(hash)).toMatchObject({ alias });
  });

  const asked = (name: string, body: object): Promise<Reply> =>
    organisation.admin.client.post('/api/keys', body, { headers: { 'idempotency-key': name } });

  it('is one key with one token when both requests have the same Idempotency-Key, at the same moment or later', async () => {
    const [alias, name] = [unique('once'), unique('request')];
    const body = { access_rights: rightsTo(apiId), alias };
    const replies = await Promise.all([asked(name, body), asked(name, body)]);
    const later = await asked(name, body);
    const [hash, ...more] = await found(`alias=${alias}`);
    expect(more).toEqual([]);
    const tokens = [...replies, later].map((reply) => expectOk(reply).json['key_id']);
    expect(new Set(tokens).size).toBe(1);
    expect(later.json['key_hash']).toBe(hash);
    expect(hashKey(textOf(tokens[0]))).toBe(hash);
    expect(await found(`q=${textOf(tokens[0])}`)).toEqual([]);
  });

  it('is refused when the same Idempotency-Key asks for something else, or for a key that was deleted since', async () => {
    const name = unique('request');
    const body = { access_rights: rightsTo(apiId), alias: unique('once') };
    const { json } = expectOk(await asked(name, body));
    const other = await asked(name, { ...body, alias: unique('other') });
    expect([other.status, other.json['Code']]).toEqual([409, 'id_conflict']);
    expectOk(await organisation.admin.client.delete(`/api/keys/${textOf(json['key_hash'])}`));
    expect((await asked(name, body)).status).toBe(409);
    const wrong = await asked('short', body);
    expect([wrong.status, listOf(wrong.json['Errors'])[0]?.['path']]).toEqual([400, 'Idempotency-Key']);
  });

  it('is another key for another user, whatever the request is called', async () => {
    const [name, body] = [unique('request'), { access_rights: rightsTo(apiId) }];
    const { client } = await api.user(organisation.id, { keys: 'write' });
    const [mine, theirs] = [
      await asked(name, body),
      await client.post('/api/keys', body, { headers: { 'idempotency-key': name } }),
    ];
    expect(expectOk(mine).json['key_hash']).not.toBe(expectOk(theirs).json['key_hash']);
  });
});

describe('the end of a key', () => {
  it('is said and searched to the second, as it is when somebody asks', async () => {
    const ends = Math.floor(Date.now() / 1_000) - 1;
    const { hash } = await create({ expires: ends + 100_000 });
    // Of a key that has ended: nodes leave it there.
    const text = (await redis.get(sessionName(hash))) ?? '';
    await settled();
    await redis.set(sessionName(hash), text.replace(String(ends + 100_000), String(ends)));
    await api.app.get(KeyScanner).walk(() => Promise.resolve(true));
    const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();
    const { json } = expectOk(await get(`/api/keys/${hash}?hashed=1`));
    expect(json['explanation']).toContain(`It has expired at ${at(ends)}: every call is refused.`);
    expect(await found(`q=${hash}&expires_from=${at(ends)}&expires_to=${at(ends)}`)).toEqual([hash]);
    expect(await found(`q=${hash}&expires_to=${at(ends - 1)}`)).toEqual([]);
    expect(await found(`q=${hash}&expires_from=${at(ends + 1)}`)).toEqual([]);
  });
});

describe('keys of another organisation', () => {
  it('are missing, in the words of one that nobody has', async () => {
    const { token, hash } = await create();
    for (const text of [token, hash, 'nobody-has-this']) {
      const path = `/api/keys/${text}`;
      const replies = [
        await other.admin.client.get(path),
        await other.admin.client.put(path, { alias: 'x' }),
        await other.admin.client.delete(path),
      ];
      expect(replies.map(({ status, json }) => [status, json['Message']])).toEqual([
        [404, 'Could not retrieve key detail.'],
        [404, 'Could not retrieve key detail.'],
        [404, 'Could not retrieve key detail.'],
      ]);
    }
    expect(await stored(hash)).toBeDefined();
  });

  it('are in no list and no search', async () => {
    const alias = unique('*');
    const { token } = await create({ alias });
    for (const text of [alias, '*', '.*', '?'])
      expect((await other.admin.client.get(`/api/keys?q=${encodeURIComponent(text)}`)).json['total']).toBe(0);
    expect((await other.admin.client.post('/api/keys/search', { token })).json['total']).toBe(0);
  });

  it('are not made by saying so', async () => {
    const { hash } = await create({ org_id: other.id });
    expect(await stored(hash)).toMatchObject({ org_id: organisation.id });
  });
});

describe('policies of a key', () => {
  it('are previewed by what they come to in numbers, in either order, and where gateways differ', async () => {
    const fast = await addPolicy(organisation, [apiId], { rate: 10, per: 1, quota_max: -1 });
    const slow = await addPolicy(organisation, [apiId], { rate: 2, per: 60, quota_max: 5 });
    const order = [fast, slow];
    for (const apply_policies of [order, order.toReversed()]) {
      const { json } = expectOk(await organisation.admin.client.post('/api/keys/preview', { apply_policies }));
      expect(json['limits']).toMatchObject({ [apiId]: { rate: 10, per: 1, quota_max: -1 } });
      const told = (what: string): unknown => expect.stringMatching(new RegExp(`^${what}`));
      const differing = ['3.1', '5.2'].map((one) => told(`Gateways of ${one}: On ${apiId}: 10 calls in 60 seconds.`));
      expect(json['explanation']).toEqual(
        expect.arrayContaining([told(`On ${apiId}: 10 calls in 1 second. No quota`), ...differing]),
      );
    }
  });

  it('are applied, and leave nothing behind when the key follows another one', async () => {
    const policies = [
      await addPolicy(organisation, [apiId], { tags: ['gold'], meta_data: { plan: 'gold' } }),
      await addPolicy(organisation, [apiId], { tags: ['iron'] }),
    ];
    const { token, hash } = await create({ tags: ['own'], meta_data: { mine: 1 } });
    expectOk(await post(`/api/keys/${token}/policy`, { policy: policies[0] }));
    // As nodes write it back.
    const session = await stored(hash);
    const materialised = { ...session, tags: ['gold', 'own'], meta_data: { mine: 1, plan: 'gold' } };
    await redis.set(sessionName(hash), JSON.stringify(materialised));
    expectOk(await post(`/api/keys/${token}/policy`, { apply_policies: [policies[1]] }));
    expect(await stored(hash)).toMatchObject({ apply_policies: [policies[1]], tags: ['own'], meta_data: { mine: 1 } });
    // What it had of the policy was all that it had.
    const bare = await organisation.admin.client.put(`/api/keys/${token}`, { apply_policies: [] });
    expect(bare.json['Errors']?.[0]?.['path']).toBe('access_rights');
    expect((await post(`/api/keys/${token}/policy`, {})).status).toBe(400);
    expect((await post(`/api/keys/${token}/policy`, { policy: 'nothing' })).status).toBe(400);
  });
});
