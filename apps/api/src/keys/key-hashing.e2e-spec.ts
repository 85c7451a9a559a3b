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
import { hashKey, hashText, parseToken, sessionName } from '@castellan/tyk';
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
