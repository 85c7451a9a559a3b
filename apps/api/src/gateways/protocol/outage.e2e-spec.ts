import { Health } from '@castellan/observability';
import { anApiDefinition, eventually, NodeSimulator, textOf, type NodeProfile } from '@castellan/testing';
import { RawNode } from '../../../../../test/support/raw-node';
import { TcpProxy } from '../../../../../test/support/tcp-proxy';
import { freshDatabaseUri, workerRedisUrl } from '../../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';

const patiently = { deadlineMs: 60_000 };

describe('promise 3: nodes never lose their routes because of us', () => {
  let api: ApiUnderTest;
  let mongodb: TcpProxy;
  let redis: TcpProxy;
  let organisation: TestOrganisation;
  let nodes: NodeSimulator[];

  beforeEach(async () => {
    const databaseUri = freshDatabaseUri();
    mongodb = await TcpProxy.before(databaseUri);
    redis = await TcpProxy.before(workerRedisUrl());
    api = await ApiUnderTest.start({
      MONGODB_URI: mongodb.through(databaseUri),
      REDIS_URL: redis.through(workerRedisUrl()),
    });
    organisation = await api.organisation();
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await Promise.all([mongodb.mend(), redis.mend()]);
    await api.stop();
    await Promise.all([mongodb.cut(), redis.cut()]);
  });

  const aNode = async (profile: NodeProfile): Promise<NodeSimulator> => {
    const node = new NodeSimulator({
      dashboardUrl: api.url,
      nodeSecret: api.config.nodeSecret,
      gatewaySecret: 'gateway-secret',
      redisUrl: workerRedisUrl(),
      profile,
      heartbeatMs: 50,
      reloadTickMs: 50,
      registerRetryMs: 50,
      reloginDelayMs: 50,
      healthCheckMs: 0,
    });
    nodes.push(node);
    await node.start();
    return node;
  };
  const create = async (): Promise<string> => {
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    return textOf(json['ID']);
  };
  const ready = (): Promise<boolean> =>
    eventually(async () => (await api.anonymous.get('/health/ready')).status === 200, patiently);

  it('answers 5xx, and never an empty list, while MongoDB is out of reach', async () => {
    const apiId = await create();
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    expect((await node.get('/system/apis')).text).toContain(apiId);

    await mongodb.cut();
    const lists = ['/system/apis', '/system/policies'].map((path) => node.get(path));
    const calls = [
      organisation.admin.client.get('/api/apis'),
      organisation.admin.client.get('/api/system/nodes'),
      organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }),
      api.admin.get('/admin/organisations'),
    ];
    for (const reply of await Promise.all(lists)) {
      expect(reply.status).toBe(503);
      expect(reply.text).toMatch(/^{"Status":"Error","Message":"A database is out of reach, try again","Meta":null,/);
      expect(reply.message).not.toEqual([]);
      expect(reply.headers['retry-after']).toBe('1');
    }
    for (const { status, json } of await Promise.all(calls)) {
      expect([status, json['Code']]).toEqual([503, 'unavailable']);
    }
    expect((await api.anonymous.get('/health/ready')).json['checks']).toMatchObject({ mongodb: 'error', redis: 'ok' });
    expect((await api.anonymous.get('/health/live')).status).toBe(200);

    await mongodb.mend();
    await ready();
    expect((await node.get('/system/apis')).text).toContain(apiId);
    expect((await organisation.admin.client.get(`/api/apis/${apiId}`)).status).toBe(200);
    await create();
  });

  it.each(['v3', 'v5.2', 'v5', 'v5.14'] as const)(
    'leaves a %s gateway what it serves when it reloads during an outage of MongoDB, and brings it up to date afterwards',
    async (profile) => {
      const apiId = await create();
      const node = await aNode(profile);
      await node.waitFor(() => node.loadedApis.has(apiId), patiently.deadlineMs);

      await mongodb.cut();
      const failures = node.eventsOf('fetch-failed').length;
      void fetch(`${node.url}/tyk/reload/`, { headers: { 'x-tyk-authorization': 'gateway-secret' } });
      await node.waitFor(() => node.eventsOf('fetch-failed').length > failures, patiently.deadlineMs);
      expect([...node.loadedApis.keys()]).toEqual([apiId]);

      await mongodb.mend();
      await ready();
      const added = await create();
      await node.waitFor(() => node.loadedApis.has(added) && node.loadedApis.has(apiId), patiently.deadlineMs);
    },
  );

  it('serves nodes while Redis is out of reach, which knows them and holds nothing of theirs', async () => {
    const apiId = await create();
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    await redis.cut();
    await eventually(async () => (await api.anonymous.get('/health/ready')).status === 503, patiently);
    expect((await node.get('/system/apis')).text).toContain(apiId);
    for (const path of ['/register/ping', '/system/policies', '/register/node']) {
      expect([path, (await node.get(path)).status]).toEqual([path, 200]);
    }
    // What would be untrue a moment later is not said.
    expect((await node.call('DELETE', '/system/node')).status).toBe(503);
    expect((await organisation.admin.client.get(`/api/apis/${apiId}`)).status).toBe(200);

    const late = await RawNode.register(api.url, api.config.nodeSecret, 'came-without-redis');
    await redis.mend();
    await eventually(async () => (await api.anonymous.get('/health/ready')).status === 200, patiently);
    expect((await late.ping({ hostname: 'came-without-redis' })).status).toBe(200);
    expect((await api.admin.get('/admin/system/nodes')).text).toContain('came-without-redis');
  });

  it('announces nothing while it cannot serve it, so that no node comes in vain', async () => {
    const node = await aNode('v5.14');
    const first = await create();
    await node.waitFor(() => node.loadedApis.has(first), patiently.deadlineMs);
    const heard = node.eventsOf('signal-accepted').length;
    const refused = node.eventsOf('fetch-finished').filter(({ status }) => status !== 200).length;
    api.app.get(Health).beginShutdown();
    const second = await create();
    await eventually(
      async () =>
        Number(/^castellan_outbox_lag_seconds\{[^}]*\} (\S+)$/m.exec((await api.anonymous.get('/metrics')).text)?.[1]) >
        2,
      patiently,
    );
    expect(node.eventsOf('signal-accepted')).toHaveLength(heard);
    expect(node.eventsOf('fetch-finished').filter(({ status }) => status !== 200)).toHaveLength(refused);
    expect(node.loadedApis.has(second)).toBe(false);
  });

  it('promise 4: accepts a change while Redis is out of reach, and tells the nodes when it is back', async () => {
    const node = await aNode('v5.2');
    await redis.cut();
    await eventually(async () => (await api.anonymous.get('/health/ready')).status === 503, patiently);
    const apiId = await create();
    expect(node.loadedApis.has(apiId)).toBe(false);
    await redis.mend();
    await node.waitFor(() => node.loadedApis.has(apiId), patiently.deadlineMs);
  });

  it('answers within some seconds, and not with an empty list, when MongoDB is frozen', async () => {
    const apiId = await create();
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    expect((await node.get('/system/apis')).text).toContain(apiId);
    mongodb.freeze();
    const reply = await node.get('/system/apis');
    expect(reply.status).toBe(503);
    await mongodb.mend();
    await eventually(async () => (await node.get('/system/apis')).text.includes(apiId), patiently);
  });
});
