import { Redis } from 'ioredis';
import { anApiDefinition, eventually, listOf, textOf, type NodeSimulator } from '@castellan/testing';
import { okay, Stack, type CreatedApi } from './support/stack';

describe('faults', () => {
  let stack: Stack;
  /** What every node has to serve now. */
  let expected: string[];

  beforeEach(async () => {
    stack = await Stack.start();
    const { apiId } = await stack.createApi();
    expected = [apiId];
    await stack.everyNodeServes(expected);
  });
  afterEach(() => stack.end());

  const api = () => {
    const [first] = stack.apis;
    if (first === undefined) throw new Error('No replica');
    return first;
  };

  it('promise 1: a change survives kill -9 between commit and publication, and arrives', async () => {
    // Without Redis nothing can be published, so the kill surely falls into the gap.
    await stack.services.stop('redis', 'SIGKILL');
    const { apiId } = await stack.createApi();
    await api().end('SIGKILL');
    await stack.services.resume('redis');
    await api().start();
    await stack.everyNodeServes([...expected, apiId]);
  });

  it('promise 1: every acknowledged write survives kill -9 at any moment', async () => {
    const everything = [...expected];
    for (let round = 0; round < 3; round += 1) {
      // One organisation a round: what the killed process left open in MongoDB may hold up the writes of its organisation.
      const client = await stack.newOrganisation();
      const acknowledged: CreatedApi[] = [];
      const writes = Array.from({ length: 10 }, async () => {
        acknowledged.push(await stack.createApi({}, client));
        if (acknowledged.length === 3 + round) api().signal('SIGKILL');
      });
      await Promise.allSettled(writes);
      await api().end('SIGKILL');
      await api().start();

      const stored = listOf(okay(await client.get('/api/apis?p=-1')).json['apis']);
      const ids = stored.map((row) => textOf(row['api_definition']?.['api_id']));
      expect(acknowledged.length).toBeGreaterThanOrEqual(3);
      expect(ids).toEqual(expect.arrayContaining(acknowledged.map(({ apiId }) => apiId)));
      // A write without an answer was made or was not; the nodes get exactly what is there.
      everything.push(...ids);
    }
    await stack.everyNodeServes(everything);
  });

  it('promise 4: a change made while Redis is away arrives when it is back', async () => {
    await stack.services.stop('redis');
    const { apiId } = await stack.createApi();
    await stack.services.resume('redis');
    await stack.everyNodeServes([...expected, apiId]);
  });

  it('promise 4: nodes find back when Redis has lost everything', async () => {
    const before = stack.nodes.map(({ nodeId }) => nodeId);
    const redis = new Redis(stack.services.redisUrl);
    await redis.flushall();
    redis.disconnect();
    await eventually(() => stack.nodes.every(({ nodeId }, index) => nodeId !== before[index]), { deadlineMs: 60_000 });
    const { apiId } = await stack.createApi();
    await stack.everyNodeServes([...expected, apiId]);
    await eventually(
      async () => {
        const data = okay(await stack.client.get('/api/system/nodes')).json['data'];
        return (
          listOf(data?.['nodes']).length === 3 && listOf(data?.['nodes']).every((node) => Boolean(node['in_sync']))
        );
      },
      { deadlineMs: 60_000 },
    );
  });

  it('promise 3: without MongoDB nodes keep their routes, and get errors instead of an empty list', async () => {
    await stack.services.stop('mongodb', 'SIGKILL');
    const before = stack.nodes.map(({ rawApisBody }) => rawApisBody);
    const [node] = stack.nodes;
    const headers = {
      authorization: stack.nodeSecret,
      'x-tyk-nodeid': node?.nodeId ?? '',
      'x-tyk-nonce': node?.nonce ?? '',
    };
    const asked = await stack.at(0).get('/system/apis', { headers });
    expect(asked.status).toBeGreaterThanOrEqual(500);
    expect((await stack.client.get('/api/apis')).status).toBeGreaterThanOrEqual(500);
    // The nodes are made to ask, too.
    await Promise.all(
      stack.nodes.map(({ url }) =>
        fetch(`${url}/tyk/reload/`, { headers: { 'x-tyk-authorization': stack.gatewaySecret } }),
      ),
    );
    const wasRefused = (each: NodeSimulator): boolean =>
      each.eventsOf('fetch-finished').some(({ status }) => status >= 500);
    await eventually(() => stack.nodes.every(wasRefused), { deadlineMs: 60_000 });
    expect(stack.nodes.map(({ rawApisBody }) => rawApisBody)).toEqual(before);
    for (const each of stack.nodes) expect([...each.loadedApis.keys()]).toEqual(expected);

    await stack.services.resume('mongodb');
    const { apiId } = await eventually(() => stack.createApi(), { deadlineMs: 60_000 });
    await stack.everyNodeServes([...expected, apiId]);
  });

  it('promise 4: a host manager killed during a change finds the fleet where it should be', async () => {
    await stack.hostManager.end('SIGKILL');
    const { apiId } = await stack.createApi();
    await stack.hostManager.start();
    await stack.everyNodeServes([...expected, apiId]);
  });
});

describe('two replicas of the API', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start({ replicas: 2, node: { heartbeatMs: 20 } });
  });
  afterAll(() => stack.end());

  it('share the nonces: a node may talk to either', async () => {
    const nodes = stack.nodes;
    await eventually(() => nodes.every((node) => node.eventsOf('pinged').length > 100), { deadlineMs: 60_000 });
    expect(nodes.flatMap((node) => node.eventsOf('nonce-failed'))).toEqual([]);
    const seen = await Promise.all([0, 1].map(async (replica) => (await stack.at(replica).get('/metrics')).text));
    for (const text of seen) expect(text).toMatch(/route="\/register\/ping",status="200"/);
  });

  it('serve what the other one wrote', async () => {
    const created = okay(await stack.client.post('/api/apis', { api_definition: anApiDefinition() }));
    await stack.everyNodeServes([textOf(created.json['ID'])]);
  });
});
