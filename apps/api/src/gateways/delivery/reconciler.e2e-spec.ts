import { Redis } from 'ioredis';
import { Health } from '@castellan/observability';
import { anApiDefinition, eventually, listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { RawNode } from '../../../../../test/support/raw-node';
import { workerRedisUrl } from '../../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { Serving } from './serving';

describe('promises 4 and 5: what nodes run is measured, and those that are behind are told again', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let subscriber: Redis;
  let reloads: number;
  /** Those of a test; whoever is behind makes the reconciler tell all. */
  const nodes: RawNode[] = [];

  beforeAll(async () => {
    api = await ApiUnderTest.start({ RECONCILE_MS: '200' });
    organisation = await api.organisation();
    expectOk(await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    subscriber = new Redis(workerRedisUrl());
    subscriber.on('message', (_channel, text) => {
      if (text.includes('"GroupReload"')) reloads += 1;
    });
    await subscriber.subscribe('tyk.cluster.notifications');
  });
  afterAll(async () => {
    subscriber.disconnect();
    await api.stop();
  });
  beforeEach(() => {
    reloads = 0;
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) expect((await node.call('DELETE', '/system/node')).status).toBe(200);
    jest.restoreAllMocks();
  });

  const register = async (host?: string): Promise<RawNode> => {
    const node = await RawNode.register(api.url, api.config.nodeSecret, host);
    nodes.push(node);
    return node;
  };

  const nodeOf = async ({ id }: RawNode): Promise<JsonReply | undefined> => {
    const { json } = expectOk(await api.admin.get('/admin/system/nodes'));
    return listOf(json['data']?.['nodes']).find((node) => textOf(node['id']) === id);
  };
  const load = async (node: RawNode): Promise<void> => {
    await node.get('/system/policies');
    await node.get('/system/apis');
  };

  it('tells a node that has registered and loaded nothing', async () => {
    const node = await register();
    expect(await nodeOf(node)).toMatchObject({ state: 'behind', served: null, in_sync: false });
    await eventually(() => reloads > 0);
  });

  it('tells nobody while this replica does not serve, and does when it serves', async () => {
    const asked = jest.spyOn(api.app.get(Serving), 'isReady');
    const health = api.app.get(Health);
    health.beginStarting();
    await register();
    // Each time it would have told the node, it looked whether it may; what was told before has arrived by the first.
    await eventually(() => asked.mock.calls.length >= 1);
    reloads = 0;
    await eventually(() => asked.mock.calls.length >= 4);
    expect(await Promise.all(asked.mock.results.map(({ value }) => value as Promise<boolean>))).not.toContain(true);
    expect(reloads).toBe(0);
    health.beginServing();
    await eventually(() => reloads > 0);
  });

  it('is content as soon as the node has loaded what it should', async () => {
    const node = await register();
    await load(node);
    await eventually(async () => (await nodeOf(node))?.['in_sync']);
    const state = await nodeOf(node);
    expect(state?.['served']).toEqual(state?.['expected']);
  });

  it('does not take a node for up to date that has missed a change', async () => {
    const node = await register();
    await load(node);
    await eventually(async () => (await nodeOf(node))?.['in_sync']);
    const before = reloads;
    expectOk(await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    expect(await nodeOf(node)).toMatchObject({ state: 'behind', in_sync: false });
    // It keeps its heartbeat and does not load, as if the message about the change had been lost.
    await eventually(async () => {
      await node.ping();
      return reloads > before;
    });
  });

  it('goes by content: a change that is taken back leaves the node in sync', async () => {
    const node = await register();
    await load(node);
    await eventually(async () => (await nodeOf(node))?.['in_sync']);
    const created = await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() });
    expect(await nodeOf(node)).toMatchObject({ in_sync: false });
    expectOk(await organisation.admin.client.delete(`/api/apis/${textOf(expectOk(created).json['Meta'])}`));
    expect(await nodeOf(node)).toMatchObject({ in_sync: true });
  });

  it('counts nodes by state in the metrics', async () => {
    const count = async (state: string): Promise<number> => {
      const { text } = await api.anonymous.get('/metrics');
      return Number(new RegExp(`^castellan_nodes\\{state="${state}"[^}]*\\} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    expect([await count('in_sync'), await count('behind'), await count('silent')]).toEqual([0, 0, 0]);
    const node = await register();
    expect(await count('behind')).toBe(1);
    await load(node);
    await eventually(async () => (await count('in_sync')) === 1);
  });

  describe('what host managers report', () => {
    let url: string;
    beforeEach(() => {
      url = `http://${unique('gateway')}:8080`;
    });
    const report = (fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
      url,
      host: '10.9.8.7',
      addresses: ['10.9.8.7'],
      node: null,
      ok: true,
      attempts: 1,
      durationMs: 12,
      error: null,
      version: 'v5.2.5',
      at: '2026-01-02T03:04:05.000Z',
      reason: 'change',
      ...fields,
    });
    const publish = async (data: unknown): Promise<void> => {
      const redis = new Redis(workerRedisUrl());
      // The consumer subscribes in its own time.
      await eventually(() => redis.publish('node.reloaded', JSON.stringify({ pattern: 'node.reloaded', data })));
      redis.disconnect();
    };
    const reported = async (): Promise<readonly JsonReply[]> =>
      listOf((await api.admin.get('/admin/system/nodes')).json['data']?.['reloads']).filter(
        (one) => textOf(one['url']) === url,
      );

    it('is shown to the operator with the nodes, the last report of each gateway', async () => {
      await publish(report({ ok: false, error: 'No answer within 100 ms' }));
      await eventually(async () => (await reported()).length === 1);
      expect(await reported()).toEqual([report({ ok: false, error: 'No answer within 100 ms' })]);
      await publish(report());
      await eventually(async () => (await reported())[0]?.['ok']);
      expect(await reported()).toEqual([report()]);
    });

    it('tells the version of a node with that host name', async () => {
      const host = unique('gateway');
      const node = await register(host);
      expect(await nodeOf(node)).toMatchObject({ version: null });
      await publish(report({ host, url: `http://${host}:8080`, version: 'v3.1.3' }));
      await eventually(async () => (await nodeOf(node))?.['version']);
      expect(await nodeOf(node)).toMatchObject({ version: 'v3.1.3' });
    });

    it('tells the version of the very node that the host manager saw, where several are on one host', async () => {
      const host = unique('gateway');
      const [one, other] = [await register(host), await register(host)];
      await publish(report({ host, node: one.id, url: `http://${host}:8080`, version: 'v3.1.3' }));
      await publish(report({ host, node: other.id, url: `http://${host}:8081`, version: 'v5.14.0' }));
      await eventually(async () => (await nodeOf(other))?.['version']);
      expect(await nodeOf(one)).toMatchObject({ version: 'v3.1.3' });
      expect(await nodeOf(other)).toMatchObject({ version: 'v5.14.0' });
    });

    it('is dropped when it is none, and does not stop the next one', async () => {
      for (const nonsense of [null, 'text', {}, report({ ok: 'yes' })]) await publish(nonsense);
      await publish(report());
      await eventually(async () => (await reported()).length > 0);
      expect(await reported()).toEqual([report()]);
    });
  });
});
