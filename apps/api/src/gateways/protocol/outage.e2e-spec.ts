import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { Health } from '@castellan/observability';
import { anApiDefinition, eventually, NodeSimulator, textOf, type NodeProfile } from '@castellan/testing';
import { RawNode } from '../../../../../test/support/raw-node';
import { TcpProxy } from '../../../../../test/support/tcp-proxy';
import { freshDatabaseUri, workerRedisUrl } from '../../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';

/** Limits of the driver that are short, so that an outage is soon one; what follows from them is the same. */
const impatient = { serverSelectionTimeoutMS: '700', connectTimeoutMS: '2500', heartbeatFrequencyMS: '500' };

describe('promise 3: nodes never lose their routes because of us', () => {
  let api: ApiUnderTest;
  let mongodb: TcpProxy;
  let redis: TcpProxy;
  let organisation: TestOrganisation;
  const nodes: NodeSimulator[] = [];

  beforeAll(async () => {
    const databaseUri = freshDatabaseUri(impatient);
    mongodb = await TcpProxy.before(databaseUri);
    redis = await TcpProxy.before(workerRedisUrl());
    api = await ApiUnderTest.start({
      MONGODB_URI: mongodb.through(databaseUri),
      REDIS_URL: redis.through(workerRedisUrl()),
    });
    organisation = await api.organisation();
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.kill()));
    await Promise.all([mongodb.mend(), redis.mend()]);
    await answers(200);
  });
  afterAll(async () => {
    await api.stop();
    await Promise.all([mongodb.cut(), redis.cut()]);
  });

  const aNode = async (profile: NodeProfile, of = api): Promise<NodeSimulator> => {
    const node = new NodeSimulator({
      dashboardUrl: of.url,
      nodeSecret: of.config.nodeSecret,
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
  const create = async ({ admin }: Pick<TestOrganisation, 'admin'> = organisation): Promise<string> => {
    const { json } = expectOk(await admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    return textOf(json['ID']);
  };
  const answers = (status: 200 | 503): Promise<boolean> =>
    eventually(async () => (await api.anonymous.get('/health/ready')).status === status);

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
    await answers(200);
    expect((await node.get('/system/apis')).text).toContain(apiId);
    expect((await organisation.admin.client.get(`/api/apis/${apiId}`)).status).toBe(200);
    await create();
  });

  it('leaves gateways of every generation what they serve when they reload during an outage of MongoDB, and brings them up to date afterwards', async () => {
    const apiId = await create();
    const fleet = await Promise.all((['v3', 'v5.2', 'v5', 'v5.14'] as const).map((profile) => aNode(profile)));
    await Promise.all(fleet.map((node) => node.waitFor(() => node.loadedApis.has(apiId))));
    const before = fleet.map((node) => [...node.loadedApis.keys()]);

    await mongodb.cut();
    const failures = fleet.map((node) => node.eventsOf('fetch-failed').length);
    for (const { url } of fleet) {
      void fetch(`${url}/tyk/reload/`, { headers: { 'x-tyk-authorization': 'gateway-secret' } });
    }
    await Promise.all(
      fleet.map((node, index) =>
        node.waitFor(() => node.eventsOf('fetch-failed').length > (failures[index] ?? Infinity)),
      ),
    );
    expect(fleet.map((node) => [...node.loadedApis.keys()])).toEqual(before);

    await mongodb.mend();
    await answers(200);
    const added = await create();
    await Promise.all(
      fleet.map((node) => node.waitFor(() => node.loadedApis.has(added) && node.loadedApis.has(apiId))),
    );
  });

  it('serves nodes while Redis is out of reach, which knows them and holds nothing of theirs', async () => {
    const apiId = await create();
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    await redis.cut();
    await answers(503);
    expect((await node.get('/system/apis')).text).toContain(apiId);
    for (const path of ['/register/ping', '/system/policies', '/register/node']) {
      expect([path, (await node.get(path)).status]).toEqual([path, 200]);
    }
    // What would be untrue a moment later is not said.
    expect((await node.call('DELETE', '/system/node')).status).toBe(503);
    expect((await organisation.admin.client.get(`/api/apis/${apiId}`)).status).toBe(200);

    const late = await RawNode.register(api.url, api.config.nodeSecret, 'came-without-redis');
    await redis.mend();
    await answers(200);
    expect((await late.ping({ hostname: 'came-without-redis' })).status).toBe(200);
    expect((await api.admin.get('/admin/system/nodes')).text).toContain('came-without-redis');
  });

  it('announces nothing while it cannot serve it, so that no node comes in vain', async () => {
    const stopping = await ApiUnderTest.start();
    try {
      const other = await stopping.organisation();
      const node = await aNode('v5.14', stopping);
      const first = await create(other);
      await node.waitFor(() => node.loadedApis.has(first));
      const heard = node.eventsOf('signal-accepted').length;
      const refused = node.eventsOf('fetch-finished').filter(({ status }) => status !== 200).length;
      stopping.app.get(Health).beginShutdown();
      const second = await create(other);
      const lag = /^castellan_outbox_lag_seconds\{[^}]*\} (\S+)$/m;
      await eventually(async () => Number(lag.exec((await stopping.anonymous.get('/metrics')).text)?.[1]) > 1);
      expect(node.eventsOf('signal-accepted')).toHaveLength(heard);
      expect(node.eventsOf('fetch-finished').filter(({ status }) => status !== 200)).toHaveLength(refused);
      expect(node.loadedApis.has(second)).toBe(false);
    } finally {
      await stopping.stop();
    }
  });

  it('promise 4: accepts a change while Redis is out of reach, and tells the nodes when it is back', async () => {
    const node = await aNode('v5.2');
    await redis.cut();
    await answers(503);
    const apiId = await create();
    expect(node.loadedApis.has(apiId)).toBe(false);
    await redis.mend();
    await node.waitFor(() => node.loadedApis.has(apiId));
  });

  it('answers within some seconds, and not with an empty list, when MongoDB is frozen', async () => {
    const apiId = await create();
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    expect((await node.get('/system/apis')).text).toContain(apiId);
    mongodb.freeze();
    const reply = await node.get('/system/apis');
    expect(reply.status).toBe(503);
    await mongodb.mend();
    await eventually(async () => (await node.get('/system/apis')).text.includes(apiId));
  });

  const waitsFor = async (busy: TcpProxy, waiting: ApiUnderTest): Promise<void> => {
    const { admin } = await waiting.organisation();
    const apiId = await create({ admin });
    const client = waiting.app.get<Connection>(getConnectionToken()).getClient();
    const looks: number[] = [];
    const notice = () => looks.push(performance.now());
    client.on('serverHeartbeatStarted', notice);
    // Between two looks: one under way would have begun before anybody took notice, and no other one would follow it.
    await new Promise<void>((resolve) => {
      client.once('serverHeartbeatSucceeded', () => {
        looks.length = 0;
        busy.freeze();
        resolve();
      });
    });
    const calls = [
      admin.client.get(`/api/apis/${apiId}`),
      admin.client.post('/api/apis', { api_definition: anApiDefinition() }),
    ];
    // The driver's look at its health has gone unanswered for longer than there should be between two.
    await eventually(() => performance.now() - (looks.at(-1) ?? Infinity) > 2 * Number(impatient.heartbeatFrequencyMS));
    await busy.mend();
    client.off('serverHeartbeatStarted', notice);
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200]);
  };

  it('waits for a MongoDB that is busy for a while, and does not take it for one that is away', async () => {
    // It is given up after a minute only, so that a slow machine does not make the while too long.
    const databaseUri = freshDatabaseUri({ ...impatient, connectTimeoutMS: '60000' });
    const busy = await TcpProxy.before(databaseUri);
    const waiting = await ApiUnderTest.start({ MONGODB_URI: busy.through(databaseUri) });
    try {
      await waitsFor(busy, waiting);
    } finally {
      await busy.mend();
      await waiting.stop();
      await busy.cut();
    }
  });
});
