import { Redis } from 'ioredis';
import { eventually, numberOf } from '@castellan/testing';
import { NOTIFICATION_CHANNEL, readSession, verifyNotification, type Session } from '@castellan/tyk';
import { RawNode } from '../../../../test/support/raw-node';
import { TcpProxy } from '../../../../test/support/tcp-proxy';
import { workerRedisUrl } from '../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';
import { OrganisationSessions } from './organisation-sessions';

let api: ApiUnderTest;
let proxy: TcpProxy;
let organisation: TestOrganisation;
let redis: Redis;
let subscriber: Redis;
const announced: string[] = [];

beforeAll(async () => {
  // Another database of the same server, on a wire of its own: gateways may have their Redis elsewhere.
  proxy = await TcpProxy.before(workerRedisUrl());
  const keysUrl = `${workerRedisUrl()}/2`;
  api = await ApiUnderTest.start({ KEYS_REDIS_URL: proxy.through(keysUrl), KEY_SETTLE_MS: '300' });
  organisation = await api.organisation();
  redis = new Redis(keysUrl);
  subscriber = new Redis(keysUrl);
  await subscriber.subscribe(NOTIFICATION_CHANNEL);
  subscriber.on('message', (_channel: string, message: string) => {
    const read = verifyNotification(message, api.config.nodeSecret);
    if (read.ok) announced.push(...read.payload.split(','));
  });
});

afterAll(async () => {
  redis.disconnect();
  subscriber.disconnect();
  await api.stop();
  await proxy.cut();
});

const nameOf = ({ id }: TestOrganisation): string => `orgkey.${id}`;
const stored = async (one: TestOrganisation): Promise<Session | undefined> =>
  readSession((await redis.get(nameOf(one))) ?? '');
const path = (): string => `/admin/org/keys/${organisation.id}`;

describe('the session of an organisation', () => {
  it('is there as soon as the organisation is', async () => {
    expect(await stored(organisation)).toMatchObject({ org_id: organisation.id, quota_max: -1, is_inactive: false });
  });

  it('limits it as a whole, at once and on every node', async () => {
    announced.length = 0;
    expectOk(await api.admin.put(path(), { quota_max: 3, quota_renewal_rate: 60 }));
    expect(await stored(organisation)).toMatchObject({ quota_max: 3, quota_renewal_rate: 60 });
    await eventually(() => announced.includes(organisation.id));
    expect(await redis.keys('apikey-*')).toEqual([]);
    expect(expectOk(await api.admin.get(path())).json['data']).toMatchObject({ quota_max: 3 });
  });

  it('stays as it was set though a node writes back what it had', async () => {
    const old = (await redis.get(nameOf(organisation))) ?? '';
    expectOk(await api.admin.put(path(), { is_inactive: true }));
    await redis.set(nameOf(organisation), old);
    await eventually(async () => (await stored(organisation))?.['is_inactive'] === true);
  });

  it('comes back when Redis has lost it', async () => {
    await redis.flushdb();
    await api.app.get(OrganisationSessions).walk();
    expect(await stored(organisation)).toMatchObject({ is_inactive: true });
  });

  it('shows what the quota has counted, and lets it begin anew', async () => {
    await redis.set(`quota-${organisation.id}`, '7');
    expect(numberOf(expectOk(await api.admin.get(path())).json['counters']?.['used'])).toBe(7);
    expectOk(await api.admin.put(`${path()}?reset_quota=1`, { quota_max: 9, quota_renewal_rate: 60 }));
    expect(numberOf(expectOk(await api.admin.get(path())).json['counters']?.['used'])).toBe(0);
  });

  it('survives a change of the organisation, and is listed, created and deleted as clients do', async () => {
    expectOk(await api.admin.put(`/admin/organisations/${organisation.id}`, { owner_name: 'Renamed' }));
    expect(await stored(organisation)).toMatchObject({ quota_max: 9 });
    expect(expectOk(await api.admin.get('/admin/org/keys?p=-1')).json['data']?.['keys']).toContain(organisation.id);
    const made = await api.admin.post('/admin/org/keys', { org_id: organisation.id, rate: 5, per: 1 });
    expect(expectOk(made).json['data']).toMatchObject({ rate: 5, per: 1 });
    expectOk(await api.admin.delete(path()));
    expect(
      expectOk(await api.admin.get(`/admin/organisations/${organisation.id}`)).json['org_session'],
    ).toBeUndefined();
  });

  it('is refused for an organisation that there is not, and with limits that nodes would misread', async () => {
    const nobody = '5e9d9544a1dcd60001d0ed20';
    expect((await api.admin.put(`/admin/org/keys/${nobody}`, { quota_max: 1 })).status).toBe(404);
    expect((await api.admin.post('/admin/org/keys', { quota_max: 1 })).status).toBe(400);
    expect((await api.admin.put(path(), { rate: 5 })).json['Errors']?.[0]?.['path']).toBe('per');
    expect((await api.admin.put(path(), { org_id: nobody })).status).toBe(400);
    expect((await organisation.admin.client.get(path())).status).toBe(401);
    const settings = { owner_name: 'x', org_session: { quota_max: -9 } };
    const reply = await api.admin.put(`/admin/organisations/${organisation.id}`, settings);
    expect(reply.json['Errors']?.[0]?.['path']).toBe('org_session.quota_max');
  });

  it('goes with the organisation', async () => {
    const gone = await api.organisation();
    expect(await stored(gone)).toBeDefined();
    expectOk(await api.remove(gone.id));
    expect(await stored(gone)).toBeUndefined();
  });
});

describe('the first API of an organisation', () => {
  it('is not delivered before the organisation has its session, and everything else is what it was', async () => {
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    const known = await addApi(organisation);
    expect((await node.get('/system/apis')).text).toContain(known);
    await proxy.cut();
    const young = await api.organisation();
    const first = await addApi(young);
    const refused = await node.get('/system/apis');
    expect(refused.status).toBe(503);
    await proxy.mend();
    await eventually(async () => (await node.get('/system/apis')).text.includes(first));
    expect(await stored(young)).toMatchObject({ org_id: young.id });
  });

  it('is delivered while Redis is away to those whose organisation had its session before', async () => {
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    await proxy.cut();
    const second = await addApi(organisation);
    expect((await node.get('/system/apis')).text).toContain(second);
    await proxy.mend();
  });
});

describe('messages to gateways whose Redis is another one', () => {
  it('go there', async () => {
    const heard: string[] = [];
    subscriber.on('message', (_channel: string, message: string) => {
      const read = verifyNotification(message, api.config.nodeSecret);
      if (read.ok) heard.push(read.command);
    });
    await proxy.cut();
    await addApi(organisation);
    expect(heard).toEqual([]);
    await proxy.mend();
    await eventually(() => heard.includes('ApiUpdated') || heard.includes('ApiAdded'));
  });
});

describe('keys while the Redis of the nodes is away', () => {
  it('are listed, and not written', async () => {
    const cut = await ApiUnderTest.start({ KEYS_REDIS_URL: 'redis://127.0.0.1:1' });
    try {
      const own = await cut.organisation();
      const ownApi = await addApi(own);
      const body = { access_rights: { [ownApi]: { api_id: ownApi, versions: ['Default'] } } };
      const reply = await own.admin.client.post('/api/keys', body);
      expect(reply.status).toBe(503);
      expect(reply.json['Code']).toBe('unavailable');
      expect(expectOk(await own.admin.client.get('/api/keys')).json['total']).toBe(0);
    } finally {
      await cut.stop();
    }
  });
});
