import { randomUUID } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { anApiDefinition, eventually, listOf, textOf, unique, type Reply } from '@castellan/testing';
import { hashKey, hashText } from '@castellan/tyk';
import { AnnouncedKeys } from '../../test/announced-keys';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, addPolicy, type Json } from '../../test/configuration';

const redirect = 'https://app.example/callback';

let api: ApiUnderTest;
let organisation: TestOrganisation;
let apiId: string;
let policyId: string;
let redis: Redis;
let announcements: AnnouncedKeys;

const oauthApi = (owner = organisation): Promise<string> =>
  addApi(owner, anApiDefinition({ use_keyless: false, use_oauth2: true }));

beforeAll(async () => {
  api = await ApiUnderTest.start({ KEY_SETTLE_MS: '600000', KEY_SCAN_MS: '86400000' });
  organisation = await api.organisation();
  apiId = await oauthApi();
  policyId = await addPolicy(organisation, [apiId]);
  redis = new Redis(api.config.redisUrl);
  announcements = await AnnouncedKeys.of(api);
});

afterAll(async () => {
  redis.disconnect();
  announcements.stop();
  await api.stop();
});

const at = (id: string, of = apiId): string => `/api/apis/oauth/${of}/${id}`;
const post = (body: Json, of = apiId, owner = organisation): Promise<Reply> =>
  owner.admin.client.post(`/api/apis/oauth/${of}`, body);
const create = async (body: Json = {}, of = apiId): Promise<{ id: string; secret: string }> => {
  const { json } = expectOk(await post({ redirect_uri: redirect, ...body }, of));
  return { id: textOf(json['client_id']), secret: textOf(json['secret']) };
};
const clientText = (id: string, of = apiId): Promise<string | null> =>
  redis.get(`oauth-data.${of}.oauth-clientid.${id}`);
const setOf = (of = apiId): Promise<string[]> => redis.smembers(`oauth-data.${of}.oauth-clientset.oauth-clientid.`);
const indexOf = (of = apiId): Promise<string[]> =>
  redis.lrange(`oauth-data.${of}.oauth-client-index.${organisation.id}`, 0, -1);

/** A token as gateways issue it, with its session and its refresh token. */
const issue = async (
  clientId: string,
  of = apiId,
  lifeSeconds = 3_600,
): Promise<{ token: string; hash: string; refresh: string }> => {
  const token = `${organisation.id}${randomUUID().replaceAll('-', '')}`;
  const [hash, refresh] = [hashKey(token), unique('refresh')];
  const ends = Math.floor(Date.now() / 1_000) + lifeSeconds;
  const text = JSON.stringify({ Client: { id: clientId }, AccessToken: token, RefreshToken: refresh });
  const session = {
    org_id: organisation.id,
    oauth_client_id: clientId,
    expires: ends,
    access_rights: { [of]: { versions: ['Default'] } },
  };
  await redis
    .multi()
    .set(`oauth-data.${of}.oauth-access.${hash}`, text)
    .set(`oauth-data.${of}.oauth-refresh.${refresh}`, text)
    .zadd(`oauth-data.${of}.oauth-client-tokens.${clientId}`, ends, hash)
    .set(`apikey-${hash}`, JSON.stringify(session))
    .exec();
  return { token, hash, refresh };
};
const isGone = async ({ hash, refresh }: { hash: string; refresh: string }, of = apiId): Promise<boolean> =>
  (await redis.exists(
    `apikey-${hash}`,
    `oauth-data.${of}.oauth-access.${hash}`,
    `oauth-data.${of}.oauth-refresh.${refresh}`,
  )) === 0;

describe('an OAuth client that is made', () => {
  it('lies in Redis as gateways read it: by itself, in the list and in the set', async () => {
    const body = { policy_id: policyId, description: 'Ours', meta_data: { team: 'a' }, client_name: 'App' };
    const { id, secret } = await create(body);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    const text = `{"id":"${id}","secret":"${secret}","redirecturi":"${redirect}","meta_data":{"team":"a"},"policyid":"${policyId}","description":"Ours"}`;
    expect(await clientText(id)).toBe(text);
    expect(await setOf()).toContain(text);
    expect(await indexOf()).toContain(`oauth-clientid.${id}`);
  });

  it('has the id and the secret that were sent, and shows the secret never again', async () => {
    const sent = { client_id: unique('app'), secret: unique('secret'), api_id: apiId };
    const made = expectOk(await post({ redirect_uri: redirect, ...sent }));
    expect(made.json).toMatchObject({ client_id: sent.client_id, secret: sent.secret, policy_id: '', meta_data: null });
    const { client } = organisation.admin;
    expect(expectOk(await client.get(at(sent.client_id))).json['secret']).toBe('[redacted]');
    expect(expectOk(await client.get(`/api/apis/oauth/${apiId}?p=-1`)).text).not.toContain(sent.secret);
    expect(expectOk(await client.get('/api/audit-logs')).text).not.toContain(sent.secret);
    const database = api.app.get<Connection>(getConnectionToken());
    for (const { name } of await database.listCollections()) {
      expect(JSON.stringify(await database.collection(name).find().toArray())).not.toContain(sent.secret);
    }
    expect((await post({ redirect_uri: redirect, ...sent })).status).toBe(409);
  });

  it.each<[string, Json]>([
    ['redirect_uri', {}],
    ['redirect_uri', { redirect_uri: 'https://a.example/cb#x' }],
    ['redirect_uri', { redirect_uri: 'https://a.example/../x' }],
    ['redirect_uri', { redirect_uri: 'https://*.example/cb' }],
    ['redirect_uri', { redirect_uri: 'https://u:p@a.example/cb' }],
    ['redirect_uri', { redirect_uri: 'javascript:alert(1)' }],
    ['redirect_uri', { redirect_uri: 'https://a.example/1,https://b.example/2' }],
    ['policy_id', { redirect_uri: redirect, policy_id: 'nothing' }],
    ['client_id', { redirect_uri: redirect, client_id: 'a:b' }],
    ['secret', { redirect_uri: redirect, secret: 'a b' }],
    ['secret', { redirect_uri: redirect, secret: '[redacted]' }],
    ['meta_data', { redirect_uri: redirect, meta_data: 'x' }],
    ['description', { redirect_uri: redirect, description: 7 }],
  ])('is refused for its %s: %j', async (path, body) => {
    const before = await indexOf();
    const reply = await post(body);
    expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, path]);
    expect(await indexOf()).toEqual(before);
  });

  it('is refused with a policy that does not open the API, or for an API that is none of its', async () => {
    const elsewhere = await addPolicy(organisation, [await oauthApi()]);
    expect((await post({ redirect_uri: redirect, policy_id: elsewhere })).status).toBe(400);
    const other = await api.organisation();
    const foreign = await post({ redirect_uri: redirect }, await oauthApi(other));
    const missing = await post({ redirect_uri: redirect }, 'nowhere');
    expect([foreign.status, foreign.json['Message']]).toEqual([400, missing.json['Message']]);
    const { id } = await create();
    expect((await other.admin.client.get(at(id))).status).toBe(400);
    expect((await post({ redirect_uri: redirect }, await addApi(organisation))).json['Errors']?.[0]?.['path']).toBe(
      'apiId',
    );
  });

  it('is warned of when it allows every path of its host', async () => {
    const { json } = expectOk(await post({ redirect_uri: 'https://a.example/' }));
    expect(json['warnings']).toHaveLength(1);
  });

  it('is for those with the right to OAuth clients', async () => {
    const reader = await api.user(organisation.id, { oauth: 'read' });
    expectOk(await reader.client.get(`/api/apis/oauth/${apiId}`));
    expect((await reader.client.post(`/api/apis/oauth/${apiId}`, { redirect_uri: redirect })).status).toBe(403);
    const stranger = await api.user(organisation.id, { apis: 'write', keys: 'write' });
    expect((await stranger.client.get(`/api/apis/oauth/${apiId}`)).status).toBe(403);
    expect((await api.anonymous.get(`/api/apis/oauth/${apiId}`)).status).toBe(401);
  });
});

describe('an OAuth client', () => {
  it('is changed field by field, everywhere, and keeps its secret', async () => {
    const { id, secret } = await create({ description: 'one' });
    const { client } = organisation.admin;
    const reply = expectOk(await client.put(at(id), { description: 'two', secret: '[redacted]', client_id: id }));
    expect(reply.json).toMatchObject({ description: 'two', redirect_uri: redirect, secret: '[redacted]' });
    expect(await clientText(id)).toContain(`"secret":"${secret}"`);
    expect((await setOf()).filter((text) => text.includes(id))).toEqual([await clientText(id)]);
    expect((await indexOf()).filter((entry) => entry.endsWith(id))).toHaveLength(1);
    expect((await client.put(at(id), { secret: 'mine' })).status).toBe(400);
    expect((await client.put(at(id), { description: 'x' }, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await client.put(at('nobody'), {})).json['Message']).toBe('Could not retrieve app detail.');
  });

  it('gets a new secret, and its tokens go on', async () => {
    const { id, secret } = await create();
    const token = await issue(id);
    const { json } = expectOk(await organisation.admin.client.put(`${at(id)}/rotate`));
    expect(json['secret']).not.toBe(secret);
    expect(await clientText(id)).toContain(`"secret":"${textOf(json['secret'])}"`);
    expect(await isGone(token)).toBe(false);
  });

  it('that Redis has lost comes back with a new secret', async () => {
    const { id } = await create();
    await redis.del(`oauth-data.${apiId}.oauth-clientid.${id}`);
    const lost = await organisation.admin.client.put(at(id), { description: 'x' });
    expect([lost.status, lost.json['Code']]).toEqual([409, 'secret_lost']);
    expectOk(await organisation.admin.client.put(`${at(id)}/rotate`));
    expect(await clientText(id)).toContain(id);
  });

  it('that a gateway was given is found', async () => {
    const of = await oauthApi();
    await redis.set(
      `oauth-data.${of}.oauth-clientid.by-a-node`,
      `{"id":"by-a-node","secret":"s","redirecturi":"${redirect}","policyid":"","description":"d"}`,
    );
    await redis.rpush(
      `oauth-data.${of}.oauth-client-index.${organisation.id}`,
      'oauth-clientid.by-a-node',
      'oauth-clientid.gone',
    );
    const { json } = expectOk(await organisation.admin.client.get(`/api/apis/oauth/${of}`));
    expect(json).toMatchObject({
      apps: [{ client_id: 'by-a-node', description: 'd', secret: '[redacted]' }],
      pages: 1,
    });
  });
});

describe('tokens of an OAuth client', () => {
  it('are listed until they end', async () => {
    const { id } = await create();
    const { client } = organisation.admin;
    expect(expectOk(await client.get(`${at(id)}/tokens`)).json).toEqual([]);
    const [one] = [await issue(id), await issue(id, apiId, -10)];
    const tokens = listOf(expectOk(await client.get(`${at(id)}/tokens`)).json);
    expect(tokens.map(({ code }) => code)).toEqual([one.hash]);
    expect(expectOk(await client.get(`${at(id)}/tokens?p=1`)).json).toMatchObject({
      Pagination: { page_num: 1, page_total: 1 },
      Tokens: [{ code: one.hash }],
    });
  });

  it('are read on from where a page ended, and none is missed or repeated while others end', async () => {
    const { id } = await create();
    const { client } = organisation.admin;
    const ends = Math.floor(Date.now() / 1_000) + 3_600;
    // Most end in one second, where only their hashes tell one place from another.
    const hashes = Array.from({ length: 250 }, () => hashKey(randomUUID())).sort();
    const scores = hashes.flatMap((hash, index) => [index < 20 ? ends - 1 : ends, hash]);
    const name = `oauth-data.${apiId}.oauth-client-tokens.${id}`;
    await redis.zadd(name, ...scores);
    const read: string[] = [];
    const pages: unknown[] = [];
    for (let query = 'p=1'; query !== '';) {
      const { json, headers } = expectOk(await client.get(`${at(id)}/tokens?${query}`));
      const found = listOf(json['Tokens']).map(({ code }) => textOf(code));
      read.push(...found);
      pages.push(json['Pagination']?.['page_num']);
      // By page, the rest would move up by as many.
      await redis.zrem(name, ...found.slice(-10));
      const after = headers.get('x-next-after');
      query = after === null ? '' : `after=${after}`;
    }
    expect(read).toEqual(hashes);
    expect(pages).toEqual([1, 1, 2]);
    expect(listOf(expectOk(await client.get(`${at(id)}/tokens`)).json)).toHaveLength(220);
  });

  it('are not read on from where the list of another client ended', async () => {
    const [one, two] = [await create(), await create()];
    const { client } = organisation.admin;
    const tokens = Array.from({ length: 101 }, () => [Math.floor(Date.now() / 1_000) + 60, hashKey(randomUUID())]);
    await redis.zadd(`oauth-data.${apiId}.oauth-client-tokens.${one.id}`, ...tokens.flat());
    const after = expectOk(await client.get(`${at(one.id)}/tokens?p=1`)).headers.get('x-next-after') ?? '';
    expect(listOf(expectOk(await client.get(`${at(one.id)}/tokens?after=${after}`)).json['Tokens'])).toHaveLength(1);
    for (const refused of [`${at(two.id)}/tokens?after=${after}`, `${at(one.id)}/tokens?p=2&after=${after}`]) {
      const { status, json } = await client.get(refused);
      expect([status, listOf(json['Errors'])[0]?.['path']]).toEqual([400, 'after']);
    }
  });

  it('end one by one, with session and refresh token, and every generation of nodes hears of it', async () => {
    const { id } = await create();
    const [one, two] = [await issue(id), await issue(id)];
    expectOk(await organisation.admin.client.delete(`${at(id)}/tokens/${one.hash}`));
    expect([await isGone(one), await isGone(two)]).toEqual([true, false]);
    await eventually(
      () => announcements.names.includes(one.hash) && announcements.names.includes(hashText(one.token, 'murmur64')),
    );
    expectOk(await organisation.admin.client.delete(`${at(id)}/tokens/${two.token}`));
    expect(await isGone(two)).toBe(true);
    expect((await organisation.admin.client.delete(`${at(id)}/tokens/${two.token}`)).status).toBe(404);
  });

  it('end all at once, refresh tokens that outlived theirs too, and the client stays', async () => {
    const { id } = await create();
    const tokens = [await issue(id), await issue(id), await issue(id, apiId, -10)];
    const orphan = await issue(id);
    await redis.del(`oauth-data.${apiId}.oauth-access.${orphan.hash}`, `apikey-${orphan.hash}`);
    await redis.zrem(`oauth-data.${apiId}.oauth-client-tokens.${id}`, orphan.hash);
    const others = await issue((await create()).id);
    expectOk(await organisation.admin.client.delete(`${at(id)}/tokens`));
    for (const token of [...tokens, orphan]) expect(await isGone(token)).toBe(true);
    expect(await isGone(others)).toBe(false);
    expectOk(await organisation.admin.client.get(at(id)));
  });

  it('end with the client, and nothing of it is left', async () => {
    const { id } = await create();
    const tokens = [await issue(id), await issue(id)];
    const { client } = organisation.admin;
    expect((await client.delete(at(id), { headers: { 'if-match': '"9"' } })).status).toBe(412);
    expect(expectOk(await client.delete(at(id))).json['Message']).toBe('OAuth client deleted successfully.');
    for (const token of tokens) expect(await isGone(token)).toBe(true);
    expect(await clientText(id)).toBeNull();
    expect((await setOf()).some((text) => text.includes(id))).toBe(false);
    expect(await indexOf()).not.toContain(`oauth-clientid.${id}`);
    expect((await client.get(at(id))).status).toBe(404);
    expectOk(await post({ redirect_uri: redirect, client_id: id }));
  });

  it('end with the API, whose id another may get', async () => {
    const of = await oauthApi();
    const { id } = await create({}, of);
    const token = await issue(id, of);
    const unknown = await issue('never-noted', of);
    expectOk(await organisation.admin.client.delete(`/api/apis/${of}`));
    await eventually(async () => (await isGone(token, of)) && (await isGone(unknown, of)));
    // What belongs to a token goes after its session.
    await eventually(async () => (await redis.keys(`oauth-data.${of}.*`)).length === 0);
  });

  it('of another organisation do not end because somebody lists them', async () => {
    const { id } = await create();
    const token = await issue(id);
    await redis.set(`apikey-${token.hash}`, JSON.stringify({ org_id: 'a'.repeat(24), access_rights: { x: {} } }));
    expectOk(await organisation.admin.client.delete(at(id)));
    expect(await redis.exists(`apikey-${token.hash}`)).toBe(1);
  });
});
