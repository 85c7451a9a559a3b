import { eventually, listOf, textOf } from '@castellan/testing';
import { Stack } from './support/stack';

describe('a fleet of three nodes', () => {
  let stack: Stack;

  beforeAll(async () => {
    stack = await Stack.start();
  });
  afterAll(() => stack.end());
  beforeEach(() => stack.repair());

  it('promise 1: serves exactly what was created, changed and deleted, on every node', async () => {
    const tenant = await stack.tenant();
    const kept = await tenant.create();
    const api = await tenant.create();
    await stack.everyNodeServesWhatThereIs();
    await stack.everyNodeRoutes(api.listenPath, api.apiId);

    const moved = await tenant.move(api);
    await stack.everyNodeRoutes(moved.listenPath, api.apiId);
    await stack.everyNodeRoutes(api.listenPath, '');

    await tenant.remove(moved);
    await stack.everyNodeServesWhatThereIs();
    await stack.everyNodeRoutes(moved.listenPath, '');
    await stack.everyNodeRoutes(kept.listenPath, kept.apiId);

    await tenant.remove(kept);
    await stack.everyNodeServesWhatThereIs();
    await stack.everyNodeRoutes(kept.listenPath, '');
  });

  it('promise 5: is in sync when each node has loaded what it should run; the host manager’s reports are shown', async () => {
    const tenant = await stack.tenant();
    await tenant.create();
    await stack.everyNodeServesWhatThereIs();
    await eventually(async () => {
      const data = await stack.fleet();
      const nodes = listOf(data?.['nodes']);
      expect(nodes.map((node) => textOf(node['hostname'])).sort()).toEqual(['node-0', 'node-1', 'node-2']);
      for (const node of nodes) {
        expect(node['served']).toEqual(data?.['expected']);
        expect(node).toMatchObject({ in_sync: true, state: 'in_sync' });
      }
      const reloads = listOf(data?.['reloads']);
      expect(reloads.map((reload) => reload['url']).sort()).toEqual(stack.nodes.map(({ url }) => url).sort());
      expect(reloads.map((reload) => reload['ok'])).toEqual([true, true, true]);
      return true;
    });
  });

  it('costs each node one reload for a change, though a message and the host manager tell of it', async () => {
    const tenant = await stack.tenant();
    // All are on one host: by then the host manager knows which is which.
    await stack.everyVersionIsKnown(() => tenant.create());
    await stack.everyNodeIsInSync();
    const before = stack.reloads;
    for (let change = 1; change <= 5; change += 1) {
      const began = Date.now();
      await tenant.create();
      await stack.everyNodeServesWhatThereIs();
      await stack.hostManagerHasLooked(began);
      expect(stack.reloads).toBe(before + change * stack.nodes.length);
    }
  });

  it('reaches nodes by signals alone when there is no host manager', async () => {
    await stack.hostManager.end('SIGKILL');
    const tenant = await stack.tenant();
    const api = await tenant.create();
    await stack.everyNodeServesWhatThereIs();
    await tenant.remove(api);
    await stack.everyNodeServesWhatThereIs();
  });

  describe('that hears no signals', () => {
    beforeAll(async () => {
      for (const node of stack.nodes) node.hearing = false;
      await stack.replaceHostManager({
        // Long enough for a kill before the first reload.
        CASTELLAN_HOST_MANAGER_DEBOUNCE_MS: '500',
        CASTELLAN_HOST_MANAGER_PATIENCE_MS: '200',
      });
    });
    afterAll(async () => {
      for (const node of stack.nodes) node.hearing = true;
      await stack.replaceHostManager();
    });

    it('is reloaded by the host manager', async () => {
      const since = Date.now();
      const tenant = await stack.tenant();
      const api = await tenant.create();
      await stack.everyNodeServesWhatThereIs();
      await tenant.move(api);
      await tenant.remove(await tenant.create());
      await stack.everyNodeServesWhatThereIs();
      await stack.everyNodeIsInSync();
      const heard = stack.nodes.flatMap((node) => node.eventsOf('signal-accepted')).filter(({ at }) => at >= since);
      expect(heard).toEqual([]);
    });

    it('promise 4: is where it should be after the host manager was killed during a change', async () => {
      const tenant = await stack.tenant();
      const { apiId } = await tenant.create();
      await stack.hostManager.end('SIGKILL');
      for (const { loadedApis } of stack.nodes) expect(loadedApis.has(apiId)).toBe(false);
      await stack.hostManager.start();
      await stack.everyNodeServesWhatThereIs();
      await stack.everyNodeIsInSync();
    });

    it('promise 4: is where it should be after a change that the host manager could not hear of', async () => {
      const tenant = await stack.tenant();
      await stack.hostManager.end('SIGKILL');
      const kept = await tenant.create();
      await tenant.remove(await tenant.create());
      await stack.hostManager.start();
      await stack.everyNodeServesWhatThereIs();
      await stack.everyNodeRoutes(kept.listenPath, kept.apiId);
    });
  });
});
