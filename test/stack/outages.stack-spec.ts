import { anApiDefinition, eventually, textOf, type NodeSimulator } from '@castellan/testing';
import { RawNode } from '../support/raw-node';
import { Stack } from './support/stack';
import type { CreatedApi, Tenant } from './support/tenant';

describe('outages', () => {
  let stack: Stack;
  let tenant: Tenant;
  /** Served by every node before the outage. */
  let served: CreatedApi;

  beforeAll(async () => {
    // An API that stops is left by nodes that are about to load; they may take their time on a slow machine.
    stack = await Stack.start({ settings: { CASTELLAN_SHUTDOWN_LINGER_MS: '3000' } });
  });
  afterAll(() => stack.end());
  beforeEach(async () => {
    await stack.repair();
    tenant = await stack.tenant();
    served = await tenant.create();
    await stack.everyNodeServesWhatThereIs();
    await stack.everyNodeIsInSync();
  });

  const recovered = async (): Promise<void> => {
    await stack.everyNodeServesWhatThereIs();
    await stack.everyNodeIsInSync();
    await stack.everyNodeRoutes(served.listenPath, served.apiId);
    stack.nothingIsStuck();
  };

  describe('promise 4: events are hints, MongoDB is the truth', () => {
    it('a change made while Redis is away arrives when it is back', async () => {
      await stack.services.stop('redis', 'SIGKILL');
      await tenant.create();
      const gone = await tenant.create();
      await tenant.remove(gone);
      await stack.services.resume('redis');
      await recovered();
    });

    it.each(['nothing has changed', 'a change was made meanwhile'])(
      'when all of Redis is lost nodes stay who they are and are brought in sync: %s',
      async (meanwhile) => {
        const before = stack.nodes.map(({ nodeId }) => nodeId);
        await stack.services.stop('redis', 'SIGKILL');
        if (meanwhile.startsWith('a change')) await tenant.create();
        stack.services.loseRedisData();
        await stack.services.resume('redis');
        await recovered();
        await tenant.create();
        await recovered();
        expect(stack.nodes.map(({ nodeId }) => nodeId)).toEqual(before);
      },
    );

    it('processes that start without Redis say so, and find it when it comes', async () => {
      await stack.services.stop('redis', 'SIGKILL');
      // A kill in the middle of a load would hang the newest node, whatever Castellan does.
      for (const app of [stack.hostManager, stack.api]) {
        await stack.noNodeLoads();
        await app.end('SIGKILL');
        app.spawn();
        await app.answers(503);
      }
      await eventually(async () => {
        const { json } = await stack.api.client.get('/health/ready');
        return textOf(json['checks']?.['mongodb']) === 'ok' && textOf(json['checks']?.['redis']) === 'error';
      });
      await tenant.create();
      await stack.services.resume('redis');
      for (const app of [stack.api, stack.hostManager]) await app.answers(200);
      await recovered();
      // Also what is told by events from then on.
      await tenant.create();
      await recovered();
    });
  });

  describe('promise 3: nodes never lose their routes because of us', () => {
    it('without MongoDB they keep them and get errors, never an empty list; afterwards everything works', async () => {
      const raw = await RawNode.register(stack.api.url, stack.nodeSecret);
      const refusals = (node: NodeSimulator): number =>
        node.eventsOf('fetch-finished').filter(({ status }) => status >= 500).length;
      const before = stack.nodes.map(refusals);
      await stack.services.stop('mongodb', 'SIGKILL');

      const replies = await Promise.all([
        raw.get('/system/apis'),
        raw.get('/system/policies'),
        tenant.client().get('/api/apis'),
        ...stack.nodes.map(({ url }) =>
          fetch(`${url}/tyk/reload/`, { headers: { 'x-tyk-authorization': stack.gatewaySecret } }),
        ),
      ]);
      expect(replies.slice(0, 3).map(({ status }) => status)).toEqual([503, 503, 503]);
      await eventually(() => stack.nodes.every((node, index) => refusals(node) > (before[index] ?? 0)), {
        describe: 'every node to be answered 5xx',
      });
      await stack.everyNodeRoutes(served.listenPath, served.apiId);

      await stack.services.resume('mongodb');
      await stack.api.answers(200);
      await tenant.create();
      await recovered();
    });

    it('a MongoDB that stands still makes reads and writes 503 with when to try again, and never 500', async () => {
      const client = tenant.client();
      const definition = { api_definition: anApiDefinition() };
      const wave = () => [
        client.get('/api/apis'),
        client.get('/api/portal/policies'),
        client.get('/api/audit-logs'),
        client.post('/api/apis', definition),
        client.put(`/api/apis/${served.id}`, definition),
        client.delete(`/api/apis/${served.id}`),
        stack.admin.post('/admin/organisations', { owner_name: 'during' }),
      ];
      await stack.services.freeze('mongodb');
      try {
        // Those that wait for an answer, then those that wait for a connection, for longer than that is done.
        const replies = await Promise.all(wave());
        await stack.api.answers(503);
        replies.push(...(await Promise.all(wave())), ...(await Promise.all(wave())));
        expect(replies.map(({ status, json }) => [status, json['Code']])).toEqual(
          replies.map(() => [503, 'unavailable']),
        );
        expect(replies.map(({ headers }) => headers.get('retry-after'))).not.toContain(null);
      } finally {
        stack.services.thaw('mongodb');
      }
      await stack.api.answers(200);
      // What was under way when it stood still may have been done or not; what was answered is what is there.
      await stack.everyNodeServesWhatThereIs();
      await tenant.create();
      await stack.everyNodeServesWhatThereIs();
      stack.nothingIsStuck();
    });

    it('an API that stops and starts in order, its databases after it, hangs no node', async () => {
      // A change right before, so that nodes are about to load when it stops.
      await tenant.create();
      await stack.api.end();
      await stack.services.stop('redis');
      await stack.services.stop('mongodb');
      stack.api.spawn();
      await stack.api.answers(503);
      expect((await fetch(`${stack.api.url}/health/live`)).status).toBe(200);
      // Nodes that load by themselves, as they do when Redis is back, before anything can be served. An older one that
      // was told so while the API stopped asks to be registered instead, for as long as that takes.
      const since = Date.now();
      for (const { url } of stack.nodes) {
        void fetch(`${url}/tyk/reload/`, { headers: { 'x-tyk-authorization': stack.gatewaySecret } });
      }
      const toldToComeBack = (node: NodeSimulator): boolean =>
        node.eventsOf('fetch-finished').some(({ at, status }) => at >= since && status === 503) ||
        node.eventsOf('registration-failed').some(({ at, reason }) => at >= since && reason.startsWith('status 503'));
      await eventually(() => stack.nodes.every(toldToComeBack), {
        describe: 'every node to have been told to come back later',
      });
      stack.nothingIsStuck();
      await stack.services.resumeAll();
      await stack.api.answers(200);
      await tenant.create();
      await recovered();
    });

    it('without the API they keep them, and follow it when it is back', async () => {
      // A kill in the middle of a load would hang the newest node, whatever Castellan does; so none is under way.
      await stack.hostManager.end();
      await stack.everyNodeIsInSync();
      await stack.noNodeLoads();
      await stack.api.end('SIGKILL');
      await eventually(() => stack.nodes.every((node) => node.eventsOf('ping-failed').length > 0), {});
      await stack.everyNodeRoutes(served.listenPath, served.apiId);
      await stack.api.start();
      await tenant.create();
      await recovered();
    });
  });
});
