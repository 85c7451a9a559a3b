import { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { isNodeProfile } from './behaviour';
import { api, type FakeReply, nonceFailed, Stage } from './fake-dashboard';
import type { NodeSimulator } from './node-simulator';

const stage = { current: new Stage() };
const dashboard = () => stage.current.dashboard;

beforeEach(async () => {
  stage.current = new Stage();
  await stage.current.open();
});
afterEach(() => stage.current.close());

const policy = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({ _id: id, org_id: 'o', ...more });
const firstPolicy = '5ead7120575961000181867e';
const secondPolicy = '5ead71205759610001818680';

const reload = (node: NodeSimulator) =>
  fetch(`${node.url}/tyk/reload/?block=true`, { headers: { 'x-tyk-authorization': 'gateway-secret' } });

const statusOf = async (node: NodeSimulator, path: string) => (await fetch(node.url + path)).status;

describe('a reload', () => {
  it('fetches policies, then APIs, and serves exactly what came', async () => {
    dashboard().apis = [api('one', '/one/', { 'x.y': { $ref: 1 } }), api('two', '/two/')];
    dashboard().policies = [policy(firstPolicy)];
    const node = await stage.current.started({ profile: 'v3' });
    expect([...node.loadedApis.keys()].sort()).toEqual(['one', 'two']);
    expect(node.loadedApis.get('one')).toEqual(api('one', '/one/', { 'x.y': { $ref: 1 } }).api_definition);
    expect([...node.loadedPolicies.keys()]).toEqual([firstPolicy]);
    expect(JSON.parse(node.rawApisBody)).toMatchObject({ Message: dashboard().apis });
    expect(await statusOf(node, '/one/x')).toBe(200);
    dashboard().apis = [api('two', '/moved/')];
    await reload(node);
    expect(await statusOf(node, '/one/x')).toBe(404);
    expect(await statusOf(node, '/two/')).toBe(200); // an API answers on its id, too
    expect(await statusOf(node, '/moved/')).toBe(200);
    expect(node.reloadCount).toBe(2);
  });

  it.each(['[]', 'null'])('unloads everything when the list is %s', async (list) => {
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started();
    dashboard().reply('apis', { body: `{"Status":"OK","Message":${list},"Nonce":"n"}` });
    await reload(node);
    expect(await statusOf(node, '/a/')).toBe(404);
    expect(node.loadedApis.size).toBe(0);
  });

  it.each<[string, FakeReply]>([
    ['a 500', { status: 500, body: '{"Status":"Error","Message":"no database","Meta":null}' }],
    ['a list that is no array', { body: '{"Status":"OK","Message":{"apis":[]},"Nonce":"lost"}' }],
    ['half a body', { body: '{"Status":"OK","Message":[{"api_definition":{"api_id":"b"' }],
    ['an empty body', { body: '' }],
    ['an item without a definition', { body: '{"Message":[{"oas":null}],"Nonce":"lost"}' }],
    ['a definition with a wrong type', { body: '{"Message":[{"api_definition":{"active":"yes"}}],"Nonce":"lost"}' }],
    ['a definition with a wrong id', { body: '{"Message":[{"api_definition":{"id":"42"}}],"Nonce":"lost"}' }],
    ['a nonce that is no string', { body: '{"Message":[],"Nonce":7}' }],
    [
      'gzip that is cut off',
      { body: gzipSync('{"Message":[]}').subarray(0, 12), headers: { 'content-encoding': 'gzip' } },
    ],
  ])('keeps the last good set and the nonce on %s', async (_what, reply) => {
    dashboard().apis = [api('a', '/a/')];
    dashboard().policies = [policy(firstPolicy)];
    const node = await stage.current.started({ profile: 'v5' });
    const body = node.rawApisBody;
    dashboard().reply('apis', reply);
    await reload(node);
    expect(node.eventsOf('reload-failed')).toHaveLength(1);
    expect(await statusOf(node, '/a/')).toBe(200);
    expect(node.rawApisBody).toBe(body);
    expect([...node.loadedPolicies.keys()]).toEqual([firstPolicy]);
    await node.waitFor(() => node.eventsOf('pinged').length > 1);
    expect(dashboard().seen.some(({ nonce }) => nonce === 'lost')).toBe(false);
    dashboard().restore('apis');
    dashboard().apis = [];
    await reload(node);
    expect(await statusOf(node, '/a/')).toBe(404);
  });

  it('reads a gzip body made of several members and uses its nonce', async () => {
    const first = gzipSync(`{"Status":"OK","Message":[${JSON.stringify(api('zipped', '/z/'))}]`);
    const second = gzipSync(',"Nonce":"from-second-member"}');
    dashboard().reply('apis', {
      body: Buffer.concat([first, second]),
      headers: { 'content-encoding': 'gzip' },
    });
    const seen: (string | undefined)[] = [];
    dashboard().reply('ping', (call, nonce) => {
      seen.push(call.nonce);
      return { body: `{"Status":"OK","Message":{},"Nonce":"${nonce}"}` };
    });
    const node = await stage.current.started({ profile: 'v3' });
    expect([...node.loadedApis.keys()]).toEqual(['zipped']);
    await node.waitFor(() => seen.includes('from-second-member') || node.nonce === 'from-second-member');
  });

  it('does not serve an API whose listen path is empty or has a space, but holds it', async () => {
    dashboard().apis = [api('empty', ''), api('space', '/a b/'), api('good', '/g/')];
    const node = await stage.current.started();
    expect(node.loadedApis.size).toBe(3);
    expect(await statusOf(node, '/a%20b/')).toBe(404);
    expect(await statusOf(node, '/g/')).toBe(200);
  });
});

describe('a refused fetch', () => {
  const order = (from: number) =>
    dashboard()
      .seen.slice(from)
      .map(({ call }) => call)
      .filter((call) => call !== 'ping');

  it.each([
    ['v3', 'apis', 403],
    ['v3', 'apis', 500],
    ['v3', 'policies', 403],
    ['v5.2', 'apis', 500],
    ['v5.2', 'policies', 500],
  ] as const)('makes %s log in again when %s answers %d', async (profile, resource, status) => {
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started({ profile });
    const { nodeId } = node;
    const from = dashboard().seen.length;
    let refusals = 0;
    dashboard().reply(resource, () => (++refusals === 1 ? { status, body: 'no' } : undefined));
    dashboard().apis = [api('b', '/b/')];
    await reload(node);
    await node.waitFor(() => node.eventsOf('reload-finished').at(-1)?.reasons[0] === 'logged in again');
    expect(node.nodeId).not.toBe(nodeId);
    expect([...node.loadedApis.keys()]).toEqual(['b']);
    const calls = order(from);
    const refusedAt = calls.indexOf(resource);
    expect(calls.slice(refusedAt + 1, refusedAt + 3)).toEqual(['deregister', 'register']);
    expect(calls.slice(-2)).toEqual(['policies', 'apis']);
    const pings = node.eventsOf('pinged').length;
    await node.waitFor(() => node.eventsOf('pinged').length > pings);
  });

  it('keeps serving while it logs in again', async () => {
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started({ profile: 'v3', reloginDelayMs: 60_000 });
    dashboard().reply('apis', { status: 500, body: 'no' });
    void reload(node).catch(() => undefined);
    await node.waitFor(() => node.eventsOf('deregistered').length > 0);
    expect(await statusOf(node, '/a/')).toBe(200);
  });

  it('is only an error for v5, whatever the text', async () => {
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started({ profile: 'v5' });
    const { nodeId } = node;
    dashboard().reply('apis', nonceFailed);
    await reload(node);
    expect(node.nodeId).toBe(nodeId);
    expect(node.eventsOf('reload-failed')).toHaveLength(1);
    expect(node.loadedApis.has('a')).toBe(true);
  });

  it.each(['Nonce failed', 'Authorization failed (nonce empty)', 'No node ID Found'])(
    'registers and asks once more on "%s" where the generation recovers',
    async (text) => {
      const node = await stage.current.started({ behaviour: { recoversFetch: 'retry' } });
      const { nodeId } = node;
      let refusals = 0;
      const refusal = { status: 403, body: JSON.stringify({ Status: 'Error', Message: text }) };
      dashboard().reply('apis', () => (++refusals === 1 ? refusal : undefined));
      dashboard().apis = [api('a', '/a/')];
      await reload(node);
      expect(node.loadedApis.has('a')).toBe(true);
      expect(node.nodeId).not.toBe(nodeId);
    },
  );

  it('asks only once more, and not at all for another text', async () => {
    // No ping comes between: one that was under way while the node registers brings a nonce of the id before, and the next a reload.
    const noPings = { heartbeatMs: 60_000 };
    const node = await stage.current.started({ profile: 'v5.14', behaviour: { recoversFetch: 'retry' }, ...noPings });
    let refusals = 0;
    const refuse = (body: string) => () => {
      refusals += 1;
      return { status: 403, body };
    };
    dashboard().reply('apis', refuse('Nonce failed'));
    await reload(node);
    expect(refusals).toBe(2);
    dashboard().reply('apis', refuse('Node ID not allowed'));
    await reload(node);
    expect(refusals).toBe(3);
  });

  it.each(['a refusal', 'a cut connection'])('leaves a v5.14 without any further reload after %s', async (what) => {
    const node = await stage.current.started({ profile: 'v5.14' });
    // A ping under way while the reload registers carries the nonce from before: its refusal is not what this is about.
    dashboard().reply('ping', (_seen, nonce) => ({
      body: JSON.stringify({ Status: 'OK', Message: {}, Nonce: nonce }),
    }));
    let fetches = 0;
    dashboard().reply('policies', ({ connection }) => {
      fetches += 1;
      // Go asks once more when a connection that it has kept was cut.
      if (fetches > (what === 'a refusal' ? 1 : 2)) return undefined;
      if (what === 'a refusal') return nonceFailed;
      if (connection instanceof Socket) connection.destroy();
      return undefined;
    });
    const [first, second] = [reload(node), reload(node)].map((each) => each.then(() => 'done').catch(() => 'cut off'));
    await node.waitFor(() => node.eventsOf('reload-stuck').length > 0);
    const pings = node.eventsOf('pinged').length;
    await node.waitFor(() => node.eventsOf('pinged').length > pings + 2);
    const reloads = node.reloadCount;
    await node.kill();
    expect(await Promise.all([first, second])).toEqual(['cut off', 'cut off']);
    expect(node.reloadCount).toBe(reloads);
  });

  it.each([
    { status: 503, body: '{"Status":"Error","Message":"try again","Meta":null}' },
    { status: 403, body: '{"Status":"Error","Message":"Not recognised","Meta":null}' },
  ])('does a v5.14 no harm with $status and other words', async (refusal) => {
    const node = await stage.current.started({ profile: 'v5.14' });
    dashboard().reply('policies', refusal);
    await reload(node);
    expect(node.eventsOf('reload-stuck')).toEqual([]);
    dashboard().restore('policies');
    dashboard().apis = [api('a', '/a/')];
    await reload(node);
    expect(node.loadedApis.has('a')).toBe(true);
  });
});

describe('policies', () => {
  it.each([
    ['v5', false],
    ['v3', true],
  ])('answering 500 abort the reload, except on 3.x: %s', async (profile, goesOn) => {
    if (!isNodeProfile(profile)) throw new Error(profile);
    dashboard().policies = [policy(firstPolicy)];
    const node = await stage.current.started({ profile });
    dashboard().reply('policies', { status: 500, body: '{"Status":"Error","Message":"no database","Meta":null}' });
    dashboard().apis = [api('new', '/new/')];
    const from = dashboard().seen.length;
    await reload(node);
    expect(
      dashboard()
        .seen.slice(from)
        .some(({ call }) => call === 'apis'),
    ).toBe(goesOn);
    expect(node.loadedApis.has('new')).toBe(goesOn);
    expect([...node.loadedPolicies.keys()]).toEqual([firstPolicy]);
  });

  it.each([
    ['v5', 0],
    ['v3', 1],
  ])('are replaced wholesale, except that an empty list changes nothing on 3.x: %s', async (profile, left) => {
    if (!isNodeProfile(profile)) throw new Error(profile);
    dashboard().policies = [policy(firstPolicy), policy(secondPolicy)];
    const node = await stage.current.started({ profile });
    dashboard().policies = [policy(secondPolicy)];
    await reload(node);
    expect([...node.loadedPolicies.keys()]).toEqual([secondPolicy]);
    dashboard().policies = [];
    await reload(node);
    expect(node.loadedPolicies.size).toBe(left);
  });

  it('go by their explicit id where the node allows it; the first of two counts', async () => {
    dashboard().policies = [
      policy(firstPolicy, { id: 'gold', name: 'one' }),
      policy(secondPolicy, { id: 'gold', name: 'two' }),
    ];
    const [explicit, strict] = await Promise.all([
      stage.current.started(),
      stage.current.started({ allowExplicitPolicyId: false }),
    ]);
    expect([...explicit.loadedPolicies.keys()]).toEqual(['gold']);
    expect(explicit.loadedPolicies.get('gold')).toMatchObject({ name: 'one' });
    expect([...strict.loadedPolicies.keys()]).toEqual([firstPolicy, secondPolicy]);
  });

  it.each([
    ['an _id that is not 24 hex digits', policy('gold')],
    ['a rate that is a string', policy(firstPolicy, { rate: '10' })],
    ['access rights that are a list', policy(firstPolicy, { access_rights: [] })],
  ])('with %s fail the whole reload', async (_what, wrong) => {
    const node = await stage.current.started();
    dashboard().policies = [policy(secondPolicy), wrong];
    await reload(node);
    expect(node.eventsOf('undecodable').map(({ call }) => call)).toEqual(['policies']);
    expect(node.loadedPolicies.size).toBe(0);
  });
});

describe('a segmented node', () => {
  const ids = async (tags: readonly string[], profile: 'v3' | 'v5' = 'v5') => {
    const node = await stage.current.started({ segmented: true, tags, profile });
    return [...node.loadedApis.keys()].sort();
  };

  it('loads what carries one of its tags, and nothing when it has none', async () => {
    dashboard().apis = [
      api('edge', '/e/', { tags: ['edge', 'eu'] }),
      api('core', '/c/', { tags: ['core'] }),
      api('untagged', '/u/'),
      api('off', '/o/', { tags: ['edge'], tags_disabled: true }),
    ];
    expect(await ids(['edge', 'core'])).toEqual(['core', 'edge']);
    expect(await ids(['eu'])).toEqual(['edge']);
    expect(await ids([])).toEqual([]);
    expect(await ids(['edge'], 'v3')).toEqual(['edge', 'off']);
  });
});

describe('the load at the start', () => {
  it('is tried again until it succeeds, where the generation does that', async () => {
    let failures = 0;
    dashboard().reply('apis', () => (++failures <= 3 ? { status: 503, body: 'starting' } : undefined));
    dashboard().apis = [api('a', '/a/')];
    const node = await stage.current.started({ profile: 'v5', startRetryMs: 1 });
    expect(node.eventsOf('reload-failed')).toHaveLength(3);
    expect(node.loadedApis.has('a')).toBe(true);
  });

  it('is left to the next reload otherwise', async () => {
    dashboard().reply('apis', { body: 'broken' });
    const node = await stage.current.started({ profile: 'v3' });
    const pings = node.eventsOf('pinged').length;
    await node.waitFor(() => node.eventsOf('pinged').length > pings + 3);
    expect(dashboard().callsOf('apis')).toHaveLength(1);
    expect(node.reloadCount).toBe(0);
  });
});
