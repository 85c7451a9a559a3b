import { api, nonceFailed, Stage } from './fake-dashboard';
import { isNodeProfile } from './behaviour';
import type { SeenCall } from './fake-dashboard';
import type { NodeCall } from './events';

const stage = { current: new Stage() };
const dashboard = () => stage.current.dashboard;

beforeEach(async () => {
  stage.current = new Stage();
  await stage.current.open();
});
afterEach(() => stage.current.close());

const headerNames = (seen: SeenCall | undefined): string[] =>
  (seen?.rawHeaders ?? []).filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());

const always = ['accept-encoding', 'authorization', 'host', 'user-agent'];

describe('registration', () => {
  it('takes node id and nonce from the reply and calls in the order of a real start', async () => {
    const node = await stage.current.started({ profile: 'v3' });
    await node.waitFor(() => dashboard().callsOf('ping').length > 0);
    expect(node.registered).toBe(true);
    expect(node.nodeId).toMatch(/^node-/);
    expect(node.nonce).toMatch(/^nonce-/);
    const order = dashboard().seen.map(({ call }) => call);
    expect(order[0]).toBe('register');
    expect(order.indexOf('policies')).toBeLessThan(order.indexOf('apis'));
  });

  it.each([
    ['v3', false, false],
    ['v5.2', true, false],
    ['v5', true, true],
  ])('sends exactly the headers of its generation: %s', async (profile, session, sessionOnFetch) => {
    if (!isNodeProfile(profile)) throw new Error(profile);
    const node = await stage.current.started({ profile, hostname: 'gw-1' });
    await node.waitFor(() => dashboard().callsOf('ping').length > 0);
    await node.stop();
    const sent = (call: NodeCall) => headerNames(dashboard().callsOf(call)[0]).sort();
    const onSession = session ? ['x-tyk-session-id'] : [];
    const whole = [...always, 'x-tyk-hostname', 'x-tyk-nodeid', 'x-tyk-nonce', ...onSession].sort();
    expect(sent('register')).toEqual([...always, 'x-tyk-hostname', ...onSession].sort());
    expect(sent('ping')).toEqual(whole);
    expect(sent('deregister')).toEqual(whole);
    const fetches = [...always, 'x-tyk-nodeid', 'x-tyk-nonce', ...(sessionOnFetch ? onSession : [])].sort();
    expect(sent('policies')).toEqual(fetches);
    expect(sent('apis')).toEqual(fetches);
    const { rawHeaders } = dashboard().callsOf('register')[0] ?? { rawHeaders: [] };
    const values = new Map(rawHeaders.map((name, index) => [name.toLowerCase(), rawHeaders[index + 1]]));
    expect(values.get('authorization')).toBe('node-secret');
    expect(values.get('accept-encoding')).toBe('gzip');
    expect(values.get('x-tyk-hostname')).toBe('gw-1');
    expect(values.get('x-tyk-session-id')).toBe(session ? node.sessionId : undefined);
  });

  it('keeps its connections', async () => {
    const node = await stage.current.started({ profile: 'v3' });
    await node.waitFor(() => dashboard().callsOf('ping').length > 8);
    expect(new Set(dashboard().seen.map(({ connection }) => connection)).size).toBeLessThanOrEqual(2);
  });

  it.each([500, 401, 403])('tries again after status %d', async (status) => {
    let failures = 0;
    dashboard().reply('register', () => (++failures <= 2 ? { status, body: 'no' } : undefined));
    const node = await stage.current.started();
    expect(node.registered).toBe(true);
    expect(node.eventsOf('registration-failed')).toHaveLength(2);
  });

  it('tries again while nothing listens', async () => {
    await dashboard().stop();
    const node = stage.current.node();
    const started = node.start();
    await node.waitFor(() => node.eventsOf('registration-failed').length > 1);
    await dashboard().start();
    await started;
    expect(node.registered).toBe(true);
  });

  it('goes on without a node id after a 409, where the generation trusts it', async () => {
    dashboard().reply('register', { status: 409, body: '{"Status":"Error"}' });
    const node = await stage.current.started({ profile: 'v5.2' });
    expect(node.eventsOf('registration-trusted')).not.toEqual([]);
    expect(node.eventsOf('registration-failed')).toEqual([]);
    expect(node.nodeId).toBe('');
    expect(node.registered).toBe(false);
  });

  it('tries again after a 409 on 3.x', async () => {
    let failures = 0;
    dashboard().reply('register', () => (++failures === 1 ? { status: 409, body: '{}' } : undefined));
    const node = await stage.current.started({ profile: 'v3' });
    expect(node.eventsOf('registration-failed')).toHaveLength(1);
    expect(node.registered).toBe(true);
  });

  it('reads a 409 since 5.13: retries on an error, accepts an OK with a node id', async () => {
    let calls = 0;
    dashboard().reply('register', () =>
      ++calls === 1
        ? { status: 409, body: '{"Status":"Error","Message":"busy"}' }
        : { status: 409, body: '{"Status":"OK","Message":{"NodeID":"kept"},"Nonce":"n"}' },
    );
    dashboard().reply('policies', { body: '{"Message":[]}' });
    dashboard().reply('apis', { body: '{"Message":[]}' });
    const node = await stage.current.started({ profile: 'v5.14' });
    expect(node.nodeId).toBe('kept');
    expect(node.eventsOf('registration-failed')).toHaveLength(1);
  });

  it('tries again when the reply names no NodeID', async () => {
    let calls = 0;
    dashboard().reply('register', () => (++calls === 1 ? { body: '{"Status":"OK","Message":{}}' } : undefined));
    const node = await stage.current.started();
    expect(node.eventsOf('registration-failed')).toHaveLength(1);
    expect(node.nodeId).not.toBe('');
  });

  it('exits over an undecodable registration, up to 5.2', async () => {
    dashboard().reply('register', { body: '{"Status":"OK","Message":"welcome","Nonce":"n"}' });
    await expect(stage.current.started({ profile: 'v3' })).rejects.toThrow('Message must be an object');
  });

  it('does not try again by itself after an undecodable registration; the next ping that is refused does', async () => {
    let calls = 0;
    dashboard().reply('register', () => (++calls === 1 ? { body: 'welcome' } : undefined));
    const node = stage.current.node({ profile: 'v5', startRetryMs: 5 });
    void node.start();
    await node.waitFor(() => node.registered);
    const types = node.events.map(({ type }) => type);
    expect(types.indexOf('nonce-failed')).toBeLessThan(types.indexOf('registered'));
    expect(node.eventsOf('undecodable').map(({ call }) => call)).toEqual(['register']);
  });
});

describe('heartbeat', () => {
  it('sends the nonce of the last reply, whoever received it', async () => {
    const node = await stage.current.started({ profile: 'v3' });
    await node.waitFor(() => dashboard().callsOf('ping').length > 3);
    const nonces = dashboard()
      .callsOf('ping')
      .map(({ nonce }) => nonce);
    expect(new Set(nonces).size).toBe(nonces.length);
    expect(node.eventsOf('nonce-failed')).toEqual([]);
  });

  it('shares one nonce with fetches under way, so a strict one-time nonce breaks it', async () => {
    let current = '';
    let fetches = 0;
    const strict = (seen: SeenCall, nonce: string) => {
      if (seen.nonce !== current) return nonceFailed;
      current = nonce;
      return seen.call === 'ping' ? { body: `{"Status":"OK","Message":{},"Nonce":"${nonce}"}` } : undefined;
    };
    dashboard().reply('register', (_seen, nonce) => {
      current = nonce;
      return { body: `{"Status":"OK","Message":{"NodeID":"strict"},"Nonce":"${nonce}"}` };
    });
    dashboard().reply('ping', strict);
    dashboard().reply('policies', (seen, nonce) => {
      fetches += 1;
      return strict(seen, nonce) ?? { body: `{"Status":"OK","Message":[],"Nonce":"${nonce}"}` };
    });
    dashboard().reply('apis', (seen, nonce) => strict(seen, nonce) ?? { body: `{"Message":[],"Nonce":"${nonce}"}` });
    const node = stage.current.node({ profile: 'v3', heartbeatMs: 1, reloadTickMs: 1 });
    void node.start();
    const reload = () => fetch(`${node.url}/tyk/reload/`, { headers: { 'x-tyk-authorization': 'gateway-secret' } });
    await node.waitFor(async () => {
      if (node.url !== '') await reload();
      return fetches > 0 && node.eventsOf('nonce-failed').length > 0;
    });
  });

  it.each([
    ['v3', false],
    ['v5.2', false],
    ['v5', true],
  ])('registers again after a 403; %s refetches: %s', async (profile, refetches) => {
    if (!isNodeProfile(profile)) throw new Error(profile);
    const node = await stage.current.started({ profile });
    const before = node.nodeId;
    const fetchesBefore = dashboard().callsOf('apis').length;
    dashboard().apis = [api('late', '/late/')];
    dashboard().forget();
    await node.waitFor(() => node.nodeId !== before);
    const pings = node.eventsOf('pinged').length;
    await node.waitFor(() => node.eventsOf('pinged').length >= pings + 3);
    expect(dashboard().callsOf('apis').length > fetchesBefore).toBe(refetches);
    expect(node.loadedApis.has('late')).toBe(refetches);
  });

  it('only warns about any other failure and goes on serving', async () => {
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started();
    const nodeId = node.nodeId;
    dashboard().reply('ping', { status: 500, body: 'oops' });
    await node.waitFor(() => node.eventsOf('ping-failed').length > 1);
    expect(node.nodeId).toBe(nodeId);
    expect((await fetch(`${node.url}/a/`)).status).toBe(200);
  });

  it.each(['"pong"', '{"count":1}', '[]'])(
    'loses the nonce when Message is %s, and registers again',
    async (message) => {
      const node = await stage.current.started({ profile: 'v5.2' });
      const nodeId = node.nodeId;
      let pings = 0;
      dashboard().reply('ping', (_seen, nonce) =>
        ++pings === 1 ? { body: `{"Status":"OK","Message":${message},"Nonce":"${nonce}"}` } : nonceFailed,
      );
      await node.waitFor(() => pings > 0);
      const lost = `nonce-${dashboard().seen.length}`;
      await node.waitFor(() => node.nodeId !== nodeId);
      expect(node.eventsOf('undecodable').map(({ call }) => call)).toEqual(['ping']);
      expect(dashboard().seen.some(({ nonce }) => nonce === lost)).toBe(false);
    },
  );

  it.each(['{}', 'null', '{"a":"b"}', '{"a":null}'])('accepts Message %s', async (message) => {
    dashboard().reply('ping', { body: `{"Status":"OK","Message":${message},"Nonce":"from-ping"}` });
    const node = await stage.current.started({ profile: 'v3' });
    await node.waitFor(() => node.nonce === 'from-ping');
  });

  it('accepts any Message since 5.13', async () => {
    dashboard().reply('ping', { body: '{"Status":"OK","Message":"pong","Nonce":"from-ping"}' });
    const node = await stage.current.started({ profile: 'v5.14' });
    await node.waitFor(() => node.nonce === 'from-ping');
  });

  it('serves what it has while the dashboard is away, and registers within a heartbeat of its return', async () => {
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started();
    const before = node.nodeId;
    await dashboard().stop();
    await node.waitFor(() => node.eventsOf('ping-failed').length > 1);
    expect((await fetch(`${node.url}/a/x`)).headers.get('x-simulator-api-id')).toBe('a');
    await dashboard().start();
    await node.waitFor(() => node.registered && node.nodeId !== before);
  });
});

describe('leaving', () => {
  it.each([
    ['v3', 'GET'],
    ['v5', 'DELETE'],
  ])('%s calls /system/node with %s', async (profile, method) => {
    if (!isNodeProfile(profile)) throw new Error(profile);
    const node = await stage.current.started({ profile });
    const { nodeId } = node;
    await node.stop();
    expect(dashboard().callsOf('deregister')).toMatchObject([{ method, nodeId }]);
    expect(node.registered).toBe(false);
    expect(node.events.at(-1)?.type).toBe('stopped');
  });

  it('says nothing when it is killed or told not to', async () => {
    const [killed, silent] = await Promise.all([stage.current.started(), stage.current.started()]);
    await killed.kill();
    await silent.stop({ deregister: false });
    await killed.stop();
    expect(dashboard().callsOf('deregister')).toEqual([]);
    await expect(fetch(`${killed.url}/hello`)).rejects.toThrow();
  });

  it('can be stopped while it still tries to register', async () => {
    await dashboard().stop();
    const node = stage.current.node();
    const started = node.start();
    await node.waitFor(() => node.eventsOf('registration-failed').length > 0);
    await node.stop();
    await started;
  });
});

it('takes turns between replicas', async () => {
  const other = new Stage();
  await other.open();
  try {
    const reply = { body: '{"Status":"OK","Message":{"NodeID":"shared"},"Nonce":"n"}' };
    for (const each of [dashboard(), other.dashboard]) {
      each.reply('register', reply);
      each.reply('ping', { body: '{"Status":"OK","Message":{},"Nonce":"n"}' });
      each.reply('policies', { body: '{"Message":[],"Nonce":"n"}' });
      each.reply('apis', { body: '{"Message":[],"Nonce":"n"}' });
    }
    const node = await stage.current.started({ dashboardUrl: [dashboard().url, other.dashboard.url] });
    await node.waitFor(() => dashboard().seen.length > 2 && other.dashboard.seen.length > 2);
  } finally {
    await other.close();
  }
});
