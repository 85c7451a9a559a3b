import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { eventually, listOf, textOf, unique } from '@castellan/testing';
import { hashKey, sessionName } from '@castellan/tyk';
import { TcpProxy } from '../../../../../test/support/tcp-proxy';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { Browser } from '../../../test/browser';
import { addApi, addHook, addPolicy } from '../../../test/configuration';

const password = 'several words that do not belong together';

describe('the removal of an organisation', () => {
  let api: ApiUnderTest;
  let redis: Redis;
  let database: Connection;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ KEY_SETTLE_MS: '100' });
    redis = new Redis(api.config.redisUrl);
    database = api.app.get<Connection>(getConnectionToken());
  });
  afterAll(async () => {
    redis.disconnect();
    await api.stop();
  });

  /** Puts something of everything into an organisation. */
  const fill = async (organisation: TestOrganisation): Promise<Browser> => {
    const { id, admin } = organisation;
    const apiId = await addApi(organisation);
    await addPolicy(organisation, [apiId]);
    await addHook(organisation);
    const rights = { user_permissions: { apis: 'read' } };
    expectOk(await admin.client.post('/api/usergroups', { name: 'readers', ...rights }));
    const session = { access_rights: { [apiId]: { api_id: apiId, api_name: 'x', versions: ['Default'] } } };
    expectOk(await admin.client.post('/api/keys', session));
    const email = `${unique('ada')}@acme.example`;
    const user = { email_address: email, org_id: id, password, ...rights };
    expectOk(await api.admin.post('/admin/users', user));
    const browser = new Browser(api.anonymous);
    expectOk(await browser.logIn({ email_address: email, password }));
    // A key that a gateway has made, the organisation's own session, and a certificate.
    await redis.set(sessionName('c0ffee00'), JSON.stringify({ org_id: id, ...session }));
    await redis.set(`orgkey.${id}`, '{"quota_max":3}');
    await redis.set(`quota-${hashKey(id)}`, '1');
    await redis.set(`cert-raw-${id}00ff`, 'a certificate');
    await redis.rpush(`cert-${id}-index`, `raw-${id}00ff`);
    for (const name of ['tyk_analytics', 'tyk_uptime_analytics']) {
      await database.collection(name).insertOne({ orgid: id });
    }
    for (const name of ['analytics_sums', 'analytics_pending'])
      await database.collection(name).insertOne({ orgId: id });
    await database.collection(`z_tyk_analyticz_${id}`).insertOne({ orgid: id });
    return browser;
  };

  /** Where something of an organisation is: collections of MongoDB, and names in Redis. */
  const traces = async (id: string): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const { name } of await database.listCollections()) {
      const rows = await database.collection(name).find().toArray();
      if (name.includes(id) || JSON.stringify(rows).includes(id)) found.push(name.replace(id, '<id>'));
    }
    for (const name of await redis.keys('*')) {
      const type = await redis.type(name);
      const held =
        type === 'string' ? await redis.get(name) : type === 'hash' ? JSON.stringify(await redis.hgetall(name)) : '';
      if (`${name} ${held ?? ''}`.includes(id)) found.push(name.replace(id, '<id>'));
    }
    return found.sort();
  };
  const kept = ['audit', 'audit_chains', 'generations', 'outbox', 'revisions'];

  it('says what would go, and takes all of it once it is confirmed: in MongoDB and in Redis', async () => {
    const [gone, neighbour] = [await api.organisation(), await api.organisation()];
    const [browser, other] = [await fill(gone), await fill(neighbour)];
    const path = `/admin/organisations/${gone.id}`;
    const before = await traces(gone.id);
    expect(before.filter((name) => !kept.includes(name)).length).toBeGreaterThan(15);

    const asked = await api.admin.delete(path);
    expect([asked.status, asked.json['Code']]).toEqual([409, 'confirmation_needed']);
    const { owner_name: name } = expectOk(await api.admin.get(path)).json;
    expect(asked.json['Meta']).toMatchObject({
      confirm: name,
      would_delete: { apis: 1, policies: 1, hooks: 1, users: 2, user_groups: 1, keys: 1 },
    });
    expect((await browser.call('GET', '/api/apis')).status).toBe(200);

    expectOk(await api.remove(gone.id));
    expect((await browser.call('GET', '/api/apis')).status).toBe(401);
    expect((await gone.admin.client.get('/api/apis')).status).toBe(401);
    await eventually(async () => {
      const left = (await traces(gone.id)).filter((one) => !kept.includes(one));
      expect(left).toEqual([]);
      return true;
    });
    expect((await other.call('GET', '/api/apis')).status).toBe(200);
    expect((await traces(neighbour.id)).length).toBeGreaterThan(15);

    const log = expectOk(await api.admin.get(`/admin/audit-logs?org_id=${gone.id}`));
    const [latest] = listOf(log.json['audit_logs']);
    expect(latest).toMatchObject({ action: 'Delete Organisation', user: 'admin', status: 200 });
  });

  it('goes on after Redis was away, and lets nobody bring the organisation back before it is over', async () => {
    const { id } = await api.organisation();
    const row = { userIds: [], at: new Date() };
    const removals = database.collection('removals');
    const { _id } = { _id: database.base.Types.ObjectId.createFromHexString(id) };
    await removals.insertOne({ _id, ...row });
    const again = await api.admin.post('/admin/organisations/import', { id, owner_name: 'Back' });
    expect([again.status, again.json['Code']]).toEqual([409, 'removal_running']);
    await redis.set(`orgkey.${id}`, 'left behind');
    await eventually(async () => (await removals.findOne({ _id })) === null);
    expect(await redis.exists(`orgkey.${id}`)).toBe(0);
    expectOk(await api.admin.post('/admin/organisations/import', { id, owner_name: 'Back' }));
  });

  it('is answered while Redis is away, and ended by another process when that which began it is gone', async () => {
    const proxy = await TcpProxy.before(api.config.redisUrl);
    const DATABASE = unique('castellan').replaceAll('-', '_');
    const first = await ApiUnderTest.start({ DATABASE, REDIS_URL: proxy.through(api.config.redisUrl) });
    const { id, admin } = await first.organisation();
    await redis.set(`orgkey.${id}`, 'left behind');
    await proxy.cut();
    await eventually(async () => (await first.anonymous.get('/health/ready')).status === 503);
    expectOk(await first.remove(id));
    expect((await admin.client.get('/api/users/me')).status).toBe(401);
    await first.stop();
    expect(await redis.exists(`orgkey.${id}`)).toBe(1);
    const second = await ApiUnderTest.start({ DATABASE });
    try {
      await eventually(async () => (await redis.exists(`orgkey.${id}`)) === 0);
      const left = second.app.get<Connection>(getConnectionToken()).collection('removals');
      await eventually(async () => (await left.countDocuments()) === 0);
    } finally {
      await second.stop();
    }
  });

  it('is one call for an organisation in which there is nothing', async () => {
    const created = expectOk(await api.admin.post('/admin/organisations', { owner_name: unique('org') }));
    expectOk(await api.admin.delete(`/admin/organisations/${textOf(created.json['Meta'])}`));
  });
});
