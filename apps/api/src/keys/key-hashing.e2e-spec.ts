import { Redis } from 'ioredis';
import { getConnectionToken } from '@nestjs/mongoose';
import { mongo, type Connection } from 'mongoose';
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
import { hashKey, hashText, numberAt, parseToken, readSession, sessionName } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, type Json } from '../../test/configuration';
import { KeyScanner } from './key-scanner';

const settings = { KEY_SETTLE_MS: '600000', KEY_SCAN_MS: '86400000' };

/** An installation with one organisation and one API. */
class Installation {
  private constructor(
    readonly api: ApiUnderTest,
    readonly organisation: TestOrganisation,
    readonly redis: Redis,
    readonly rights: Json,
  ) {}

  static async start(overrides: Readonly<Record<string, string>>): Promise<Installation> {
    const api = await ApiUnderTest.start({ ...settings, ...overrides });
    const organisation = await api.organisation();
    const id = await addApi(organisation);
    const rights = { [id]: { api_id: id, versions: ['Default'] } };
    return new Installation(api, organisation, new Redis(api.config.redisUrl), rights);
  }

  /** Another program over the same databases, with other settings. */
  async again(overrides: Readonly<Record<string, string>>): Promise<Installation> {
    const { mongodbUri, nodeSecret: NODE_SECRET } = this.api.config;
    const DATABASE = new URL(mongodbUri).pathname.slice(1);
    const api = await ApiUnderTest.start({ ...settings, DATABASE, NODE_SECRET, ...overrides });
    const { admin, id } = this.organisation;
    const client = api.anonymous.with({ authorization: admin.accessKey });
    return new Installation(api, { id, admin: { ...admin, client } }, new Redis(api.config.redisUrl), this.rights);
  }

  async create(path = '/api/keys', fields: Json = {}): Promise<{ token: string; hash: string }> {
    const { client } = this.organisation.admin;
    const { json } = expectOk(await client.post(path, { access_rights: this.rights, ...fields }));
    return { token: textOf(json['key_id']), hash: textOf(json['key_hash']) };
  }

  get(key: string): Promise<Reply> {
    return this.organisation.admin.client.get(`/api/keys/${encodeURIComponent(key)}`);
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    await this.api.stop();
  }
}

describe('keys with CASTELLAN_HASH_KEYS=false', () => {
  let installation: Installation;

  beforeAll(async () => {
    installation = await Installation.start({
      HASH_KEYS: 'false',
      HASH_KEY_FUNCTION: 'none',
      KEY_LIST_LIMIT: '2',
      ANALYTICS_PURGE_MS: '50',
    });
  });

  afterAll(() => installation.stop());

  it('are listed at once while they are few, and in pages when they are many', async () => {
    const { client } = installation.organisation.admin;
    const tag = unique('tag');
    await installation.create('/api/keys', { tags: [tag] });
    for (let more = 0; more < 2; more += 1) await installation.create();
    for (const path of ['/api/keys', '/api/keys/detailed', '/api/apis/-/keys']) {
      const { status, json } = await client.get(`${path}?p=-1`);
      expect([path, status, json['Code']]).toEqual([path, 400, 'limit_reached']);
      expectOk(await client.get(`${path}?p=1`));
    }
    expectOk(await client.get(`/api/keys?tag=${tag}&p=-1`));
  });

  it('leave a row for a month when they are deleted, and none for ever', async () => {
    const database = installation.api.app.get<Connection>(getConnectionToken());
    const indexes: readonly Json[] = await database.collection('keys').listIndexes().toArray();
    const expiring = indexes.filter((index) => index['expireAfterSeconds'] !== undefined);
    expect(expiring).toMatchObject([{ key: { deletedAt: 1 }, expireAfterSeconds: 30 * 86_400 }]);
  });

  it('lie under their tokens, and nowhere in the database', async () => {
    const { token, hash } = await installation.create();
    expect(token).toMatch(/^[0-9a-f]{56}$/);
    expect(await installation.redis.exists(sessionName(token))).toBe(1);
    expect(await installation.redis.exists(sessionName(hashKey(token)))).toBe(0);
    const database = installation.api.app.get<Connection>(getConnectionToken());
    for (const { name } of await database.listCollections()) {
      const texts = JSON.stringify(await database.collection(name).find().toArray());
      expect(texts).not.toContain(parseToken(token).keyId);
    }
    for (const text of [token, hash]) expect((await installation.get(text)).json['key_hash']).toBe(hash);
  });

  it('are called by their hash in analytics, whatever gateways and pumps have written there', async () => {
    const { api, redis, organisation } = installation;
    const { token, hash } = await installation.create();
    const at = new Date('2026-11-20T10:00:00Z');
    const used = { at, OrgID: organisation.id, APIKey: token, Alias: 'anna', Tags: [`key-${token}`, 'edge'] };
    await redis.rpush(analyticsList, encodeRecord(anAnalyticsRecord(used)));
    const records = api.app.get<Connection>(getConnectionToken()).collection('tyk_analytics');
    const { client } = organisation.admin;
    const day = '20/11/2026/20/11/2026';
    const rows = async (path: string): Promise<readonly Json[]> =>
      listOf(expectOk(await client.get(path)).json['data']);
    const [stored] = await eventually(async () => {
      const found = await records.find({ orgid: organisation.id }).toArray();
      return found.length === 1 ? found : null;
    });
    expect(stored).toMatchObject({ apikey: hash, tags: [`key-${hash}`, 'edge'], alias: 'anna' });
    const keys = await eventually(async () => {
      const found = await rows(`/api/activity/keys/${day}?p=-1`);
      return found.length === 1 ? found : null;
    });
    expect(keys).toMatchObject([{ id: { key: hash, alias: 'anna' }, hits: 1 }]);
    expect(await rows(`/api/activity/keys/endpoint/${hash}/${day}?p=-1`)).toMatchObject([{ hits: 1 }]);
    const log = '/api/logs?start=1795132800&end=1795219199';
    expect(await rows(`${log}&key=${hash}`)).toMatchObject([{ APIKey: hash, Tags: [`key-${hash}`, 'edge'] }]);
    const database = api.app.get<Connection>(getConnectionToken());
    for (const { name } of await database.listCollections()) {
      const texts = JSON.stringify(await database.collection(name).find().toArray());
      expect([name, texts.includes(parseToken(token).keyId)]).toEqual([name, false]);
    }

    // A pump stores what it finds.
    const pumped = { ...stored, _id: new mongo.ObjectId(), apikey: token, tags: [`key-${token}`], path: '/pumped' };
    await records.insertOne(pumped);
    const [shown, ...others] = await rows(`${log}&path=/pumped`);
    expect([shown, others]).toMatchObject([{ APIKey: hash, Tags: [`key-${hash}`] }, []]);
    const detail = expectOk(await client.get(`/api/logs/${pumped._id.toHexString()}`));
    expect(detail.text).not.toContain(token);
    const asked = { from: '2026-11-20T00:00:01Z', to: '2026-11-21T00:00:00Z', groupBy: ['key'] };
    const { json } = expectOk(await client.post('/api/analytics/query', asked));
    expect(json).toMatchObject({ source: 'records', data: [{ key: hash, hits: 2 }] });
  });

  it('cannot be searched for in the log where tyk-pump stores their tokens, and nothing is read for it', async () => {
    const { api, organisation } = installation;
    const { hash } = await installation.create();
    const pumped = await ApiUnderTest.start({
      ...settings,
      DATABASE: new URL(api.config.mongodbUri).pathname.slice(1),
      HASH_KEYS: 'false',
      HASH_KEY_FUNCTION: 'none',
      ANALYTICS_PURGER: 'off',
    });
    try {
      const client = pumped.anonymous.with({ authorization: organisation.admin.accessKey });
      const log = '/api/logs?start=1795132800&end=1795219199';
      for (const how of ['', '&type=csv&p=-1']) {
        const { status, json } = await client.get(`${log}&key=${hash}${how}`);
        expect([status, listOf(json['Errors'])[0]?.['path']]).toEqual([400, 'key']);
        expect(json['Errors']?.[0]?.['message']).toContain('gateways record that do not hash keys');
      }
      expectOk(await client.get(`${log}&alias=anna`));
    } finally {
      await pumped.stop();
    }
  });

  it('are changed and deleted by token, by chosen id and by what lists call them', async () => {
    const { client } = installation.organisation.admin;
    const id = unique('plain-id');
    const { token, hash } = await installation.create(`/api/keys/${id}`, { quota_max: 5, quota_renewal_rate: 60 });
    for (const name of [token, id]) expect(await installation.redis.exists(sessionName(name))).toBe(1);
    await installation.redis.set(`quota-${token}`, '3');
    expect((await installation.get(id)).json['counters']?.['key']).toMatchObject({ used: 3 });
    for (const [how, text] of Object.entries({ token, id, hash })) {
      expectOk(await client.put(`/api/keys/${text}`, { alias: `by its ${how}` }));
    }
    for (const name of [token, id]) {
      expect(await installation.redis.get(sessionName(name))).toContain('by its hash');
    }
    expectOk(await client.delete(`/api/keys/${hash}`));
    for (const name of [token, id]) expect(await installation.redis.exists(sessionName(name))).toBe(0);
  });

  it('are found in Redis whether they are hashed or not', async () => {
    const { client, id: owner } = installation.organisation.admin;
    expect(owner).not.toBe('');
    const plain = `${installation.organisation.id}${unique('token-of-a-node')}`;
    const hashed = hashText(unique('hashed'), 'sha256');
    const alias = unique('found');
    const session = JSON.stringify({
      org_id: installation.organisation.id,
      alias,
      access_rights: installation.rights,
    });
    await installation.redis.mset(sessionName(plain), session, sessionName(hashed), session);
    await installation.api.app.get(KeyScanner).walk(() => Promise.resolve(true));
    const { json, text } = expectOk(await client.get(`/api/keys?alias=${alias}`));
    expect(json['total']).toBe(2);
    expect(text).not.toContain(plain);
    expectOk(await client.delete(`/api/keys/${plain}`));
    expect(await installation.redis.exists(sessionName(plain))).toBe(0);
    expect(await installation.redis.exists(sessionName(hashed))).toBe(1);
  });

  it('have no id that looks like a hash', async () => {
    const body = { access_rights: installation.rights };
    expect((await installation.organisation.admin.client.post('/api/keys/0123abcd', body)).status).toBe(400);
  });
});

describe('keys of an installation that goes on with another CASTELLAN_HASH_KEY_FUNCTION', () => {
  let first: Installation;
  let second: Installation;

  beforeAll(async () => {
    first = await Installation.start({ HASH_KEY_FUNCTION: 'murmur32' });
    second = await first.again({ HASH_KEY_FUNCTION: 'sha256' });
  });

  afterAll(async () => {
    await second.stop();
    await first.stop();
  });

  it('are hashed with 32 bits by the first one, of which its log and its health have a warning, and not the other’s', async () => {
    const warning = expect.stringContaining('CASTELLAN_HASH_KEY_FUNCTION=murmur32') as unknown;
    const details = async ({ api }: Installation): Promise<unknown> =>
      expectOk(await api.anonymous.get('/health/ready')).json['details'];
    expect(await details(first)).toMatchObject({ keys: { warning } });
    expect(first.api.logged()).toContain('CASTELLAN_HASH_KEY_FUNCTION=murmur32');
    expect(await details(second)).not.toHaveProperty('keys');
    expect(second.api.logged()).not.toContain('HASH_KEY_FUNCTION');
  });

  it('are found by token, chosen id, name and hash, changed and deleted, wherever they lie', async () => {
    const { client } = second.organisation.admin;
    const fields = { quota_max: 5, quota_renewal_rate: 60 };
    const chosen = unique('chosen');
    const name = unique('ada');
    const made = {
      generated: await first.create('/api/keys', fields),
      chosen: await first.create(`/api/keys/${chosen}`, fields),
      user: await first.create(`/api/apis/keys/basic/${name}`, { ...fields, basic_auth_data: { password: 'x' } }),
    };
    expect(Object.values(made).map(({ hash }) => hash.length)).toEqual([8, 8, 8]);
    const texts: [string, string, string][] = [
      ['generated', made.generated.token, ''],
      ['generated', made.generated.hash, '?hashed=1'],
      ['chosen', chosen, ''],
      ['chosen', made.chosen.token, ''],
      ['chosen', made.chosen.hash, '?hashed=1'],
      ['user', name, '?username=1'],
      ['user', made.user.hash, '?hashed=1'],
    ];
    for (const [at, [which, text, query]] of texts.entries()) {
      const hash = made[which === 'user' ? 'user' : which === 'chosen' ? 'chosen' : 'generated'].hash;
      const path = `/api/keys/${encodeURIComponent(text)}${query}`;
      expect([text, expectOk(await client.get(path)).json['key_hash']]).toEqual([text, hash]);
      expectOk(await client.put(path, { alias: `name ${at}` }));
      expect(await second.redis.get(sessionName(hash))).toContain(`name ${at}`);
    }
    for (const [path, { hash }] of [
      [`/api/keys/${encodeURIComponent(made.generated.token)}`, made.generated],
      [`/api/keys/${chosen}`, made.chosen],
      [`/api/keys/${name}?username=1`, made.user],
    ] as const) {
      const before = await second.redis.keys('apikey-*');
      expectOk(await client.delete(path));
      expect(await second.redis.exists(sessionName(hash))).toBe(0);
      expect((await client.get(path)).status).toBe(404);
      expect((await second.redis.keys('apikey-*')).length).toBeLessThan(before.length);
    }
    expect(await second.redis.keys('apikey-*')).toEqual([]);
  });

  it('are made with the new one from then on, and a chosen id that was taken before stays taken', async () => {
    const id = unique('taken');
    const { hash } = await first.create(`/api/keys/${id}`);
    const body = { access_rights: second.rights };
    expect((await second.organisation.admin.client.post(`/api/keys/${id}`, body)).status).toBe(409);
    expectOk(await second.get(id));
    expect(await second.redis.exists(sessionName(hash))).toBe(1);
    const { token, hash: fresh } = await second.create();
    expect(parseToken(token)).toMatchObject({ algorithm: 'sha256' });
    expect(fresh).toHaveLength(64);
  });

  it('that a node has made begin their quota anew, are deactivated and deleted by their hash', async () => {
    const { client } = second.organisation.admin;
    const hash = hashText(unique('made-elsewhere'), 'murmur32');
    const session = { org_id: second.organisation.id, access_rights: second.rights, alias: 'from a node' };
    const quota = { quota_max: 5, quota_renewal_rate: 3_600, quota_renews: 1 };
    await second.redis.mset(sessionName(hash), JSON.stringify({ ...session, ...quota }), `quota-${hash}`, '5');
    const { json } = expectOk(await client.post(`/api/keys/${hash}/reset?hashed=1`));
    expect(json).toMatchObject({ key_id: hash, key_hash: hash, data: { alias: 'from a node', quota_max: 5 } });
    expect(await second.redis.exists(`quota-${hash}`)).toBe(0);
    const stored = readSession((await second.redis.get(sessionName(hash))) ?? '') ?? {};
    expect(numberAt(stored, 'quota_renews') * 1_000).toBeGreaterThan(Date.now());
    expectOk(await client.put(`/api/keys/${hash}?hashed=1`, { is_inactive: true }));
    expect(await second.redis.get(sessionName(hash))).toContain('"is_inactive":true');
    expectOk(await client.delete(`/api/keys/${hash}?hashed=1`));
    expect(await second.redis.exists(sessionName(hash))).toBe(0);
  });
});
