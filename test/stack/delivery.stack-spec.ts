import { anApiDefinition, eventually, listOf, servedApiHeader, textOf } from '@castellan/testing';
import { okay, Stack } from './support/stack';

describe('a fleet of three nodes', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start();
  });
  afterAll(() => stack.end());

  it('serves exactly what was created, changed and deleted, on every node', async () => {
    const first = await stack.createApi();
    const second = await stack.createApi();
    await stack.everyNodeServes([first.apiId, second.apiId]);

    const moved = anApiDefinition({ proxy: { listen_path: '/moved/' } });
    okay(await stack.client.put(`/api/apis/${second.id}`, { api_definition: moved }));
    for (const node of stack.nodes) {
      const served = async () => (await fetch(`${node.url}/moved/`)).headers.get(servedApiHeader);
      await eventually(async () => (await served()) === second.apiId, { deadlineMs: 30_000 });
    }

    okay(await stack.client.delete(`/api/apis/${first.id}`));
    await stack.everyNodeServes([second.apiId]);
    okay(await stack.client.delete(`/api/apis/${second.id}`));
    await stack.everyNodeServes([]);
  });

  it('promise 5: calls a node in sync when it has loaded what it should run, and tells what the host manager saw', async () => {
    const { apiId } = await stack.createApi();
    await stack.everyNodeServes([apiId]);
    await eventually(
      async () => {
        const data = okay(await stack.client.get('/api/system/nodes')).json['data'];
        const nodes = listOf(data?.['nodes']);
        expect(nodes.map((node) => textOf(node['hostname'])).sort()).toEqual(['node-0', 'node-1', 'node-2']);
        for (const node of nodes) {
          expect(node['served']).toEqual(data?.['expected']);
          expect(node).toMatchObject({ in_sync: true, state: 'in_sync' });
        }
        const reloads = listOf(data?.['reloads']);
        expect(reloads.map((reload) => reload['url']).sort()).toEqual(stack.nodes.map(({ url }) => url).sort());
        expect(reloads.every((reload) => Boolean(reload['ok']))).toBe(true);
        return true;
      },
      { deadlineMs: 30_000 },
    );
  });
});
