import { rolloutUnderTest } from '../../test/rollout-under-test';

describe('a rollout where the gateway is a registered node', () => {
  const under = rolloutUnderTest();
  const { fleet, start, reported, idle, reportOf } = under;

  it('does not reload it when it has loaded by itself, and tells its version', async () => {
    const [gateway] = await fleet(1);
    under.surroundings.node('one', 'state 1');
    (await start()).request('change');
    await reported(1);
    expect(gateway?.reloads).toEqual([]);
    expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 0, node: 'one', version: 'v5.2.5' });
  });

  it('gives it a moment to load by itself', async () => {
    const [gateway] = await fleet(1);
    under.surroundings.node('one', 'state 0');
    let looks = 0;
    under.surroundings.fingerprint = () => {
      looks += 1;
      if (looks === 2) under.surroundings.node('one', 'state 1');
      return Promise.resolve('state 1');
    };
    const service = await start({ CASTELLAN_HOST_MANAGER_PATIENCE_MS: '20000' });
    service.request('change');
    await reported(1);
    expect(gateway?.reloads).toEqual([]);
    expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 0 });
  });

  it('reloads it when it has not, and sees that it fetched', async () => {
    const [gateway] = await fleet(1);
    if (gateway === undefined) throw new Error('No gateway');
    under.surroundings.node('one', 'state 0');
    gateway.onReload = () => {
      under.surroundings.node('one', 'state 1');
    };
    (await start()).request('change');
    await reported(1);
    expect(gateway.reloads).toHaveLength(1);
    expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 1, node: 'one' });
  });

  it('does not take its word for it: one that reloads without fetching has failed', async () => {
    const [gateway] = await fleet(1);
    under.surroundings.node('one', 'state 0');
    (await start()).request('change');
    await reported(1);
    expect(reportOf(gateway)).toMatchObject({
      ok: false,
      error: 'It reloaded, and did not fetch what it should run',
    });
  });

  it('tells several on one host apart by who fetches when it is told to, and then reloads only who has to', async () => {
    await fleet(3);
    const ids = ['one', 'two', 'three'];
    let state = 'state 1';
    under.surroundings.fingerprint = () => Promise.resolve(state);
    for (const id of ids) under.surroundings.node(id, state);
    for (const [index, gateway] of under.gateways.entries()) {
      gateway.version = `v${index}`;
      gateway.onReload = () => {
        under.surroundings.nodes = under.surroundings.nodes.map((node) =>
          node.id === ids[index] ? { ...node, fetchedAt: (node.fetchedAt ?? 0) + 1 } : node,
        );
        const list = { hash: state, generation: state };
        under.surroundings.nodes = under.surroundings.nodes.map((node) =>
          node.id === ids[index] ? { ...node, served: { apis: list, policies: list, at: 0 } } : node,
        );
      };
    }
    const service = await start();
    service.request('start');
    await idle(service);
    expect(under.gateways.map((gateway) => reportOf(gateway))).toMatchObject([
      { node: 'one', version: 'v0' },
      { node: 'two', version: 'v1' },
      { node: 'three', version: 'v2' },
    ]);
    const before = under.gateways.map(({ reloads }) => reloads.length);
    state = 'state 2';
    under.surroundings.node('one', state);
    under.surroundings.node('three', state);
    service.request('change');
    await idle(service);
    expect(under.gateways.map(({ reloads }) => reloads.length)).toEqual([before[0], (before[1] ?? 0) + 1, before[2]]);
  });

  it('is not made to reload again and again by a node beside it that nobody looks after', async () => {
    const [gateway] = await fleet(1);
    under.surroundings.node('ours', 'state 1');
    under.surroundings.node('somebody else’s', 'state 0');
    const service = await start();
    for (let look = 0; look < 10; look += 1) {
      service.request('reconcile');
      await idle(service);
    }
    expect(gateway?.reloads.length).toBeLessThanOrEqual(3);
  });

  it('compares each with the generation that it is assigned, and not with the newest', async () => {
    const [gateway] = await fleet(1);
    if (gateway === undefined) throw new Error('No gateway');
    under.surroundings.node('one', 'state 0', 'state 0');
    const service = await start();
    service.request('change');
    await reported(1);
    expect(gateway.reloads).toEqual([]);
    expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 0, node: 'one' });
    // It has the newest, and is to go back.
    under.surroundings.node('one', 'state 1', 'state 0');
    gateway.onReload = () => {
      under.surroundings.node('one', 'state 0', 'state 0');
    };
    service.request('change');
    await reported(2);
    expect(gateway.reloads).toHaveLength(1);
    expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 1, node: 'one' });
  });
});
