import { Redis } from 'ioredis';
import {
  anApiDefinition,
  eventually,
  listOf,
  NodeSimulator,
  textOf,
  unique,
  type NodeSimulatorOptions,
} from '@castellan/testing';
import { RawNode } from '../../../../../test/support/raw-node';
import { RefusingProxy } from '../../../../../test/support/refusing-proxy';
import { workerRedisUrl } from '../../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { addPolicy } from '../../../test/configuration';

const profiles = ['v3', 'v5.2', 'v5', 'v5.14'] as const;

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
      heartbeatMs: 250,
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
  const aRawNode = (hostname: string): Promise<RawNode> => RawNode.register(api.url, api.config.nodeSecret, hostname);
  const emptyRedis = async (): Promise<void> => {
    const redis = new Redis(workerRedisUrl());
    await redis.flushall();
    redis.disconnect();
  };
  const inSync = async ({ nodeId }: NodeSimulator): Promise<boolean> => {
    const { json } = expectOk(await api.admin.get('/admin/system/nodes'));
    return listOf(json['data']?.['nodes']).some((each) => textOf(each['id']) === nodeId && Boolean(each['in_sync']));
  };
  const create = async (): Promise<{ id: string; apiId: string }> => {
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const registeredHosts = async (): Promise<string> => expectOk(await api.admin.get('/admin/system/nodes')).text;

  it.each(profiles)('%s registers, loads, hears of each change, and leaves', async (profile) => {
    const first = await create();
    const node = await aNode({ profile });
    await node.waitFor(() => node.loadedApis.has(first.apiId));
    expect(await registeredHosts()).toContain(node.settings.hostname);

    const second = await create();
    await node.waitFor(() => node.loadedApis.has(second.apiId));
    expectOk(await organisation.admin.client.delete(`/api/apis/${first.id}`));
    await node.waitFor(() => !node.loadedApis.has(first.apiId));

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
    await node.waitFor(() => node.eventsOf('pinged').length >= 200);
    expect(node.eventsOf('nonce-failed')).toEqual([]);
    expect(node.eventsOf('registered')).toHaveLength(1);
    expect(node.reloadCount).toBeGreaterThanOrEqual(20);
  });

  it.each(profiles)('%s stays who it is when all of Redis is lost, and runs what it should', async (profile) => {
    const { apiId } = await create();
    const node = await aNode({ profile });
    await node.waitFor(() => node.loadedApis.has(apiId));
    const before = node.nodeId;
    await emptyRedis();
    await eventually(() => inSync(node), { describe: 'the node to be in sync again' });
    const second = await create();
    await node.waitFor(() => node.loadedApis.has(second.apiId) && node.loadedApis.has(apiId));
    expect(node.nodeId).toBe(before);
    expect(node.eventsOf('registered')).toHaveLength(1);
    expect(node.eventsOf('nonce-failed')).toEqual([]);
    expect(node.eventsOf('reload-stuck')).toEqual([]);
  });

  it.each(profiles)('%s lets go of the last policy when that is deleted', async (profile) => {
    const { apiId } = await create();
    const policy = await addPolicy(organisation, [apiId]);
    const node = await aNode({ profile });
    await node.waitFor(() => node.loadedPolicies.has(policy));
    expectOk(await organisation.admin.client.delete(`/api/portal/policies/${policy}`));
    await node.waitFor(() => !node.loadedPolicies.has(policy));
    // What came instead opens nothing to anybody.
    expect([...node.loadedPolicies.values()]).toMatchObject([{ is_inactive: true, access_rights: {} }]);
    await eventually(() => inSync(node));
  });

  it.each(profiles)('%s loads when it is told to while it registers, and does not hang', async (profile) => {
    const proxy = await RefusingProxy.before(api.url);
    try {
      const release = proxy.holdRegistrations();
      const starting = aNode({ dashboardUrl: proxy.url, profile });
      const [node] = nodes;
      await eventually(async () => {
        await create();
        return (node?.eventsOf('fetch-finished').length ?? 0) >= 2;
      });
      // It had neither an id nor a nonce to show.
      expect([node?.nodeId, node?.registered]).toEqual(['', false]);
      release();
      await starting;
      const { apiId } = await create();
      await node?.waitFor(() => node.registered && node.loadedApis.has(apiId));
      expect(new Set(node?.eventsOf('fetch-finished').map(({ status }) => status))).toEqual(new Set([200]));
      expect(node?.eventsOf('reload-stuck')).toEqual([]);
    } finally {
      await Promise.all(nodes.map((each) => each.kill()));
      await proxy.close();
    }
  });

  it('are all known again when Redis is emptied under 500 of them: none registers again', async () => {
    await create();
    const fleet = await Promise.all(Array.from({ length: 500 }, (_, index) => aRawNode(`host-${index}`)));
    await emptyRedis();
    const replies = await Promise.all(fleet.map((node, index) => node.ping({ hostname: `host-${index}` })));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    for (const list of ['/system/policies', '/system/apis']) {
      const lists = await Promise.all(fleet.map((node) => node.get(list)));
      expect(new Set(lists.map(({ status }) => status))).toEqual(new Set([200]));
    }
    await eventually(
      async () => {
        const { json } = expectOk(await api.admin.get('/admin/system/nodes'));
        const listed = new Map(listOf(json['data']?.['nodes']).map((node) => [textOf(node['id']), node]));
        const others = fleet.filter(({ id }, index) => {
          const known = listed.get(id);
          return textOf(known?.['hostname']) !== `host-${index}` || textOf(known?.['state']) !== 'in_sync';
        });
        // Gateways go on to ping; one that is not heard of for a while is not in sync.
        await Promise.all(others.map((node) => node.ping({ hostname: `host-${fleet.indexOf(node)}` })));
        return others.length === 0;
      },
      { describe: 'every node to be known under its id, and in sync' },
    );
  });

  describe('that are stuck', () => {
    let impatient: ApiUnderTest;
    beforeEach(async () => {
      impatient = await ApiUnderTest.start({ RECONCILE_MS: '200', NODE_STUCK_MS: '400' });
    });
    afterEach(() => impatient.stop());

    it('are reported with what to do, in the list, the metrics and the log', async () => {
      // What a proxy may say, and no Castellan does: it starts the recovery inside the load that it refuses.
      const proxy = await RefusingProxy.before(impatient.url);
      const node = await aNode({
        dashboardUrl: proxy.url,
        nodeSecret: impatient.config.nodeSecret,
        profile: 'v5.14',
      });
      try {
        const tenant = await impatient.organisation();
        await node.waitFor(() => node.reloadCount > 0);
        proxy.refuseNextFetch();
        await tenant.admin.client.post('/api/apis', { api_definition: anApiDefinition() });
        await node.waitFor(() => node.eventsOf('reload-stuck').length > 0);
        const stuck = await eventually(
          async () => {
            const { json } = expectOk(await impatient.admin.get('/admin/system/nodes'));
            return listOf(json['data']?.['nodes']).find((each) => textOf(each['state']) === 'stuck');
          },
          { describe: 'the node to be reported as stuck' },
        );
        expect(stuck).toMatchObject({ id: node.nodeId, in_sync: false });
        expect(textOf(stuck['advice'])).toMatch(/^Restart the gateway process: /);
        expect((await impatient.anonymous.get('/metrics')).text).toMatch(/^castellan_nodes\{state="stuck"[^}]*\} 1$/m);
        const { json } = expectOk(await tenant.admin.client.get('/api/system/nodes'));
        // The id that it had before it registered again is there, too.
        expect(listOf(json['data']?.['nodes']).find(({ id }) => textOf(id) === node.nodeId)).toMatchObject({
          state: 'stuck',
          advice: expect.stringMatching(/^Restart the gateway process: /) as string,
        });
        await eventually(() => impatient.logged().includes('"msg":"A node is stuck"'));
        const logged = impatient.logged().split('\n');
        expect(logged.find((line) => line.includes('A node is stuck'))).toMatch(
          new RegExp(`"level":"error".*"node":"${node.nodeId}".*"advice":"Restart the gateway process: `),
        );
      } finally {
        await node.kill();
        await proxy.close();
      }
    });
  });

  it('that serve only some tags get everything, and take what is theirs', async () => {
    const tagged = expectOk(
      await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition({ tags: ['edge-eu'] }) }),
    );
    const { apiId } = await create();
    const node = await aNode({ segmented: true, tags: ['edge-eu'] });
    await node.waitFor(() => node.loadedApis.has(textOf(tagged.json['ID'])));
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
