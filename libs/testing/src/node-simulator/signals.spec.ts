import { createHash } from 'node:crypto';
import { api, Stage } from './fake-dashboard';
import { MemorySignals } from './memory-signals';
import { judgeSignal, signedSignal } from './signals';

const secure = { nodeSecret: 'node-secret', allowInsecureConfigs: false };

const sign = (command: string, payload = '', nodeSecret = 'node-secret', algorithm: unknown = 5): string =>
  JSON.stringify({
    command,
    payload,
    signature: createHash('sha256').update(`${command}${payload}${nodeSecret}`).digest('hex'),
    algorithm,
  });

describe('a signal', () => {
  it('is checked against sha256 of command, payload and node secret', () => {
    // Computed with coreutils: printf 'ApiUpdatednode-secret' | sha256sum
    const signature = '09cb468bd6d80480bbbd0968e1d0da833aa3544312e2591950e5445ea6e8cd30';
    const message = { command: 'ApiUpdated', payload: '', signature, algorithm: 5 };
    expect(judgeSignal(JSON.stringify(message), secure)).toEqual({ kind: 'reload', command: 'ApiUpdated' });
    expect(signedSignal('ApiUpdated', 'node-secret')).toBe(JSON.stringify(message));
  });

  it.each(['ApiUpdated', 'ApiAdded', 'ApiRemoved', 'PolicyChanged', 'GroupReload'])('%s reloads', (command) => {
    expect(judgeSignal(sign(command, 'whatever'), secure)).toEqual({ kind: 'reload', command });
  });

  it.each(['KeySpaceUpdateNotification', 'NoticeGatewayDRLNotification', 'OAuthPurgeLapsedTokens'])(
    '%s is known and reloads nothing',
    (command) => {
      expect(judgeSignal(sign(command, 'a,b'), secure)).toEqual({ kind: 'other', command });
    },
  );

  it.each([
    ['with another secret', sign('ApiUpdated', '', 'other')],
    ['unsigned', '{"command":"ApiUpdated","payload":""}'],
    ['of another algorithm', sign('ApiUpdated', '', 'node-secret', 0)],
    ['with an algorithm in words', sign('ApiUpdated', '', 'node-secret', 'sha256')],
    ['signed in capitals', sign('ApiUpdated').replace(/[a-f0-9]{64}/, (hex) => hex.toUpperCase())],
    ['signed without its payload', sign('ApiUpdated').replace('"payload":""', '"payload":"x"')],
    ['whose payload is an object', sign('ApiUpdated').replace('"payload":""', '"payload":{}')],
    ['of an unknown command', sign('Reboot')],
    ['that is no JSON', 'ApiUpdated'],
    ['that is a list', '[]'],
  ])('%s is rejected', (_what, message) => {
    expect(judgeSignal(message, secure).kind).toBe('rejected');
  });

  it('is taken unsigned where the node allows insecure configurations, but must still be well formed', () => {
    const insecure = { ...secure, allowInsecureConfigs: true };
    expect(judgeSignal('{"command":"ApiUpdated"}', insecure).kind).toBe('reload');
    expect(judgeSignal('{"command":["ApiUpdated"]}', insecure).kind).toBe('rejected');
  });

  it('from one gateway to a dashboard is nobody else’s business', () => {
    expect(judgeSignal('{"command":"NoticeGatewayConfigResponse"}', secure).kind).toBe('ignored');
  });
});

describe('a node that listens', () => {
  const stage = { current: new Stage() };
  beforeEach(async () => {
    stage.current = new Stage();
    await stage.current.open();
  });
  afterEach(() => stage.current.close());

  it('refetches on a signed signal', async () => {
    const bus = new MemorySignals();
    const node = await stage.current.started({ signals: bus.source() });
    stage.current.dashboard.apis = [api('new', '/new/')];
    bus.publish(sign('ApiAdded'));
    await node.waitFor(() => node.loadedApis.has('new'));
    expect(node.eventsOf('reload-finished').at(-1)?.reasons).toEqual(['signal ApiAdded']);
  });

  it('refuses what is not signed with its secret, and goes on listening', async () => {
    const bus = new MemorySignals();
    const node = await stage.current.started({ profile: 'v3', signals: bus.source() });
    bus.publish(sign('ApiAdded', '', 'guess'));
    bus.publish('{"command":"ApiAdded"}');
    bus.publish(sign('GroupReload'));
    await node.waitFor(() => node.reloadCount === 2);
    expect(node.eventsOf('signal-rejected')).toHaveLength(2);
    expect(node.eventsOf('reload-queued').map(({ reason }) => reason)).toEqual(['signal GroupReload']);
  });

  it('makes one reload of a burst', async () => {
    const bus = new MemorySignals();
    const node = await stage.current.started({ profile: 'v3', signals: bus.source(), reloadTickMs: 100 });
    for (let count = 0; count < 50; count++) bus.publish(sign(count % 2 ? 'ApiUpdated' : 'PolicyChanged'));
    await node.waitFor(() => node.reloadCount === 2);
    // A second one, to see that the burst left nothing behind.
    bus.publish(sign('GroupReload'));
    await node.waitFor(() => node.reloadCount === 3);
    expect(node.eventsOf('reload-finished').map(({ reasons }) => reasons)).toEqual([
      ['start'],
      ['signal PolicyChanged', 'signal ApiUpdated'],
      ['signal GroupReload'],
    ]);
    expect(stage.current.dashboard.callsOf('apis')).toHaveLength(3);
  });

  it('does not lose a signal that arrives during a reload', async () => {
    const bus = new MemorySignals();
    const node = await stage.current.started({ profile: 'v3', signals: bus.source() });
    let fetches = 0;
    stage.current.dashboard.reply('apis', () => {
      if (++fetches === 1) bus.publish(sign('ApiUpdated'));
      return undefined;
    });
    bus.publish(sign('ApiUpdated'));
    await node.waitFor(() => node.reloadCount === 3);
  });

  it('hears nothing that was published while the bus was down', async () => {
    const bus = new MemorySignals();
    const node = await stage.current.started({ profile: 'v3', signals: bus.source() });
    bus.setUp(false);
    bus.publish(sign('ApiUpdated'));
    bus.setUp(true);
    bus.publish(sign('GroupReload'));
    await node.waitFor(() => node.reloadCount === 2);
    expect(node.eventsOf('signal-accepted').map(({ command }) => command)).toEqual(['GroupReload']);
  });
});
