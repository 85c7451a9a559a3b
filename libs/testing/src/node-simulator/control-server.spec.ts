import { api, Stage } from './fake-dashboard';
import { MemorySignals } from './memory-signals';
import type { NodeSimulator } from './node-simulator';

const stage = { current: new Stage() };
const dashboard = () => stage.current.dashboard;

beforeEach(async () => {
  stage.current = new Stage();
  await stage.current.open();
});
afterEach(() => stage.current.close());

const call = (node: NodeSimulator, path: string, secret = 'gateway-secret', method = 'GET') =>
  fetch(node.url + path, { method, headers: { 'X-Tyk-Authorization': secret } });

describe('the control API', () => {
  it('refuses everything below /tyk/ without the secret', async () => {
    const node = await stage.current.started();
    for (const reply of [await call(node, '/tyk/reload/', 'wrong'), await fetch(`${node.url}/tyk/nonsense`)]) {
      expect(reply.status).toBe(403);
      expect(await reply.json()).toEqual({
        status: 'error',
        message: 'Attempted administrative access with invalid or missing key!',
      });
    }
    expect(node.eventsOf('reload-queued')).toEqual([]);
  });

  it('answers a reload at once, and does it on the next tick', async () => {
    const node = await stage.current.started({ profile: 'v3' });
    const reply = await call(node, '/tyk/reload');
    expect(reply.status).toBe(200);
    expect(await reply.json()).toEqual({ status: 'ok', message: '' });
    await node.waitFor(() => node.reloadCount === 2);
  });

  it('answers a blocking reload when it is done', async () => {
    const node = await stage.current.started({ profile: 'v3' });
    dashboard().apis = [api('new', '/new/')];
    const reply = await call(node, '/tyk/reload/?block=true');
    expect(await reply.json()).toEqual({ status: 'ok', message: '' });
    expect(node.loadedApis.has('new')).toBe(true);
  });

  it('answers a blocking reload even if it failed', async () => {
    const node = await stage.current.started({ profile: 'v5' });
    dashboard().reply('apis', { status: 500, body: 'no' });
    expect((await call(node, '/tyk/reload/?block=true')).status).toBe(200);
    expect(node.eventsOf('reload-failed')).toHaveLength(1);
  });

  it('reloads the whole group through a signal that others accept', async () => {
    const bus = new MemorySignals();
    const nodes = await Promise.all([0, 1].map(() => stage.current.started({ profile: 'v3', signals: bus.source() })));
    const [first] = nodes;
    if (first === undefined) throw new Error('no node');
    expect(await (await call(first, '/tyk/reload/group')).json()).toEqual({ status: 'ok', message: '' });
    for (const node of nodes) await node.waitFor(() => node.reloadCount === 2);
    expect(bus.published).toHaveLength(1);
  });

  it('lists what is loaded', async () => {
    dashboard().apis = [api('a', '/a/')];
    dashboard().policies = [{ _id: '5ead7120575961000181867e', id: 'gold', name: 'Gold' }];
    const node = await stage.current.started();
    expect(await (await call(node, '/tyk/apis/')).json()).toEqual([api('a', '/a/').api_definition]);
    expect(await (await call(node, '/tyk/apis/a')).json()).toEqual(api('a', '/a/').api_definition);
    expect(await (await call(node, '/tyk/policies')).json()).toEqual(dashboard().policies);
    expect(await (await call(node, '/tyk/policies/gold')).json()).toMatchObject({ name: 'Gold' });
    const missing = await call(node, '/tyk/apis/b');
    expect(missing.status).toBe(404);
    expect(await missing.json()).toEqual({ status: 'error', message: 'API not found' });
    expect((await call(node, '/tyk/nonsense')).status).toBe(404);
  });

  it('refuses to change APIs, which are the dashboard’s', async () => {
    const node = await stage.current.started();
    expect((await call(node, '/tyk/apis', 'gateway-secret', 'POST')).status).toBe(500);
  });
});

describe('/hello', () => {
  it('passes at first, and shows the dashboard failing after the next health check', async () => {
    const bus = new MemorySignals();
    const node = await stage.current.started({ healthCheckMs: 10, signals: bus.source(), version: 'v5.2.5' });
    const hello = async () => (await fetch(`${node.url}/hello`)).json() as Promise<Record<string, unknown>>;
    expect(await hello()).toMatchObject({ status: 'pass', version: 'v5.2.5', description: 'Tyk GW' });
    await node.waitFor(async () => JSON.stringify(await hello()).includes('"dashboard":{"status":"pass"'));
    dashboard().reply('ping', { status: 500, body: 'no' });
    await node.waitFor(async () => (await hello())['status'] === 'warn');
    expect(await hello()).toMatchObject({ details: { dashboard: { status: 'fail', output: 'status 500' } } });
    bus.setUp(false);
    await node.waitFor(async () => (await hello())['status'] === 'fail');
    expect((await fetch(`${node.url}/hello`, { method: 'HEAD' })).status).toBe(405);
  });
});

describe('traffic', () => {
  it('names the API that answers, and answers 404 where there is none', async () => {
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started();
    const served = await fetch(`${node.url}/a/b?c=d`, { method: 'POST', body: 'x' });
    expect([served.status, served.headers.get('x-simulator-api-id')]).toEqual([200, 'a']);
    const missing = await fetch(`${node.url}/b/`);
    expect([missing.status, missing.headers.get('x-simulator-api-id')]).toEqual([404, null]);
  });
});
