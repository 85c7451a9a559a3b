import { Redis } from 'ioredis';
import { eventually, textOf, unique } from '@castellan/testing';
import { Stack } from './support/stack';
import { okay } from './support/tenant';

describe('two replicas of the API', () => {
  let stack: Stack;

  beforeAll(async () => {
    // None with the recovery: killed in the middle of its fetch it hangs, whatever is answered later (decision 21).
    stack = await Stack.start({ replicas: 2, nodes: ['v3', 'v5.2', 'v5'], hostManager: false });
  });
  afterAll(() => stack.end());
  beforeEach(() => stack.repair());

  it('share the nonces: hundreds of calls in turns, and no 403', async () => {
    const tenant = await stack.tenant();
    for (const node of stack.nodes) node.heartbeatMs = 10;
    // Reloads race with the heartbeat for the nonce.
    for (let change = 0; change < 6; change += 1) await tenant.create(change % 2);
    await eventually(() => stack.nodes.every((node) => node.eventsOf('pinged').length >= 300), {});
    for (const node of stack.nodes) node.heartbeatMs = node.settings.heartbeatMs;
    expect(stack.nodes.flatMap((node) => node.eventsOf('nonce-failed'))).toEqual([]);
    expect(stack.nodes.map((node) => node.eventsOf('registered').length)).toEqual([1, 1, 1]);
    for (const api of stack.apis) {
      const { text } = await api.client.get('/metrics');
      const pings = /_count\{[^}]*route="\/register\/ping",status="200"[^}]*\} (\d+)/.exec(text)?.[1];
      expect(Number(pings)).toBeGreaterThan(100);
    }
  });

  it('serve at once what the other one wrote', async () => {
    const tenant = await stack.tenant();
    for (const replica of [0, 1]) {
      const { id } = await tenant.create(replica);
      expect((await tenant.client(1 - replica).get(`/api/apis/${id}`)).status).toBe(200);
      await stack.everyNodeServesWhatThereIs();
    }
  });

  it('promise 1: the other one publishes what a killed one has left behind', async () => {
    const tenant = await stack.tenant();
    await stack.services.stop('redis', 'SIGKILL');
    await tenant.create(1);
    await stack.replica(1).end('SIGKILL');
    await stack.services.resume('redis');
    await eventually(
      async () => /^castellan_outbox_lag_seconds\{[^}]*\} 0$/m.test((await stack.api.client.get('/metrics')).text),
      { describe: 'the change to be published' },
    );
    await stack.replica(1).start();
    await stack.everyNodeServesWhatThereIs();
    await stack.everyNodeIsInSync();
  });

  it('finish the removal of an organisation over which one was killed', async () => {
    const name = unique('org');
    const id = textOf(okay(await stack.admin.post('/admin/organisations', { owner_name: name })).json['Meta']);
    okay(await stack.admin.post('/admin/users', { org_id: id, email_address: `${name}@acme.example` }));
    const redis = new Redis(stack.services.redisUrl);
    const other = stack.replica(1);
    try {
      await redis.set(`orgkey.${id}`, '{}');
      // One waits for Redis and dies of it, while the other does nothing yet.
      other.signal('SIGSTOP');
      await stack.services.freeze('redis');
      const removal = stack.admin.delete(`/admin/organisations/${id}?confirm=${name}`).then(
        ({ status }) => status,
        () => 'cut off',
      );
      await stack.services.holds('removals', 1);
      await stack.api.end('SIGKILL');
      stack.services.thaw('redis');
      expect([await removal, await redis.exists(`orgkey.${id}`)]).toEqual(['cut off', 1]);
      other.signal('SIGCONT');
      await stack.services.holds('removals', 0);
      expect(await redis.exists(`orgkey.${id}`)).toBe(0);
    } finally {
      stack.services.thaw('redis');
      other.signal('SIGCONT');
      redis.disconnect();
    }
    const admin = other.client.with({ 'admin-auth': stack.adminSecret });
    expect((await admin.get(`/admin/organisations/${id}`)).status).toBe(404);
  });
});
