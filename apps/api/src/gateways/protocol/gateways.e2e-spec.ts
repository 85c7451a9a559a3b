import { Redis } from 'ioredis';
import {
  anApiDefinition,
  eventually,
  NodeSimulator,
  textOf,
  unique,
  type NodeSimulatorOptions,
} from '@castellan/testing';
import { workerRedisUrl } from '../../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';

const profiles = ['v3', 'v5.2', 'v5', 'v5.13'] as const;
const deadlineMs = 60_000;

describe('gateways of every generation', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let nodes: NodeSimulator[];

  beforeAll(async () => {
    api = await ApiUnderTest.start({ RECONCILE_MS: '500' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());
  beforeEach(() => {
    nodes = [];
  });
  afterEach(() => Promise.all(nodes.map((node) => node.kill())));

  const aNode = async (options: Partial<NodeSimulatorOptions> = {}): Promise<NodeSimulator> => {
    const node = new NodeSimulator({
      dashboardUrl: api.url,
      nodeSecret: api.config.nodeSecret,
      gatewaySecret: 'gateway-secret',
      redisUrl: workerRedisUrl(),
      hostname: unique('gateway'),
      heartbeatMs: 50,
      reloadTickMs: 50,
      registerRetryMs: 50,
      reloginDelayMs: 50,
      startRetryMs: 50,
      signalRetryMs: 50,
      healthCheckMs: 0,
      ...options,
    });
    nodes.push(node);
    await node.start();
    return node;
  };
  const create = async (): Promise<{ id: string; apiId: string }> => {
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const registeredHosts = async (): Promise<string> =>
    expectOk(await organisation.admin.client.get('/api/system/nodes')).text;

  it.each(profiles)('%s registers, loads, hears of each change, and leaves', async (profile) => {
    const first = await create();
    const node = await aNode({ profile });
    await node.waitFor(() => node.loadedApis.has(first.apiId), deadlineMs);
    expect(await registeredHosts()).toContain(node.settings.hostname);

    const second = await create();
    await node.waitFor(() => node.loadedApis.has(second.apiId), deadlineMs);
    expectOk(await organisation.admin.client.delete(`/api/apis/${first.id}`));
    await node.waitFor(() => !node.loadedApis.has(first.apiId), deadlineMs);

    await node.stop();
    expect(node.eventsOf('deregistered')).toHaveLength(1);
    expect(await registeredHosts()).not.toContain(node.settings.hostname);
    expect(node.eventsOf('undecodable')).toEqual([]);
    expect(node.eventsOf('signal-rejected')).toEqual([]);
    expect(node.eventsOf('nonce-failed')).toEqual([]);
  });

  it.each(profiles)('%s is never refused, though its heartbeat and its reloads race for one nonce', async (profile) => {
    const node = await aNode({ profile, heartbeatMs: 2, reloadTickMs: 5 });
    const reload = (): Promise<Response> =>
      fetch(`${node.url}/tyk/reload/?block=true`, { headers: { 'x-tyk-authorization': 'gateway-secret' } });
    for (let count = 0; count < 20; count += 1) await reload();
    await node.waitFor(() => node.eventsOf('pinged').length >= 200, deadlineMs);
    expect(node.eventsOf('nonce-failed')).toEqual([]);
    expect(node.eventsOf('registered')).toHaveLength(1);
    expect(node.reloadCount).toBeGreaterThanOrEqual(20);
  });

  it.each(profiles)('%s recovers when all of Redis is lost, and runs what it should', async (profile) => {
    const { apiId } = await create();
    const node = await aNode({ profile });
    await node.waitFor(() => node.loadedApis.has(apiId), deadlineMs);
    const before = node.nodeId;
    const redis = new Redis(workerRedisUrl());
    await redis.flushall();
    redis.disconnect();
    await node.waitFor(() => node.nodeId !== before && node.registered, deadlineMs);
    // 3.x and 5.2 do not load by themselves after that, so the measured state is what shows that they were told to.
    await eventually(
      async () => {
        const { json } = expectOk(await organisation.admin.client.get('/api/system/nodes'));
        const listed: unknown = json['data']?.['nodes'];
        if (!Array.isArray(listed)) return false;
        return listed.some((each: { id: string; in_sync: boolean }) => each.id === node.nodeId && each.in_sync);
      },
      { deadlineMs, describe: 'the node to be in sync again' },
    );
    expect(node.loadedApis.has(apiId)).toBe(true);
  });

  it('that serve only some tags get everything, and take what is theirs', async () => {
    const tagged = expectOk(
      await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition({ tags: ['edge-eu'] }) }),
    );
    const { apiId } = await create();
    const node = await aNode({ segmented: true, tags: ['edge-eu'] });
    await node.waitFor(() => node.loadedApis.has(textOf(tagged.json['ID'])), deadlineMs);
    expect(node.loadedApis.has(apiId)).toBe(false);
  });

  it('that load at the same time get the same bytes', async () => {
    await create();
    const fleet = await Promise.all(Array.from({ length: 20 }, () => aNode({ heartbeatMs: 5_000 })));
    const bodies = fleet.map(({ rawApisBody }) => rawApisBody.replace(/,"Nonce":"[^"]+"}$/, ''));
    expect(bodies[0]).toContain('api_definition');
    expect(new Set(bodies).size).toBe(1);
  });
});
