import { eventually } from '@castellan/testing';
import { door, rolloutUnderTest } from '../../test/rollout-under-test';

describe('RolloutService', () => {
  const under = rolloutUnderTest();
  const { fleet, start, reported, idle, reportOf } = under;

  it('reloads every gateway, and reports what it saw of each', async () => {
    const [first] = await fleet(3);
    (await start()).request('change');
    await reported(3);
    expect(under.gateways.map(({ reloads }) => reloads.length)).toEqual([1, 1, 1]);
    expect(reportOf(first)).toMatchObject({
      host: '127.0.0.1',
      addresses: ['127.0.0.1'],
      ok: true,
      attempts: 1,
      error: null,
      version: 'v5.2.5',
      reason: 'change',
    });
  });

  it('makes one reload of a burst of changes', async () => {
    await fleet(2);
    const service = await start({ CASTELLAN_HOST_MANAGER_DEBOUNCE_MS: '50' });
    for (let change = 0; change < 100; change += 1) service.request('change');
    await reported(2);
    await service.onApplicationShutdown();
    expect(under.gateways.map(({ reloads }) => reloads.length)).toEqual([1, 1]);
  });

  it('reloads once more for changes that come during a reload', async () => {
    const [gateway] = await fleet(1);
    if (gateway === undefined) throw new Error('No gateway');
    const held = door();
    gateway.hold = held.closed;
    const service = await start();
    service.request('change');
    await eventually(() => gateway.busy === 1);
    under.surroundings.fingerprint = () => Promise.resolve('state 2');
    for (let change = 0; change < 10; change += 1) service.request('change');
    gateway.hold = null;
    held.open();
    await reported(2);
    await service.onApplicationShutdown();
    expect(gateway.reloads).toHaveLength(2);
  });

  it('loses no request, at whatever moment of the end of the work it comes', async () => {
    await fleet(1);
    const service = await start({ CASTELLAN_HOST_MANAGER_DEBOUNCE_MS: '0' });
    let state = 1;
    under.surroundings.fingerprint = () => Promise.resolve(`state ${state}`);
    const requestAfter = async (steps: number): Promise<void> => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      state += 1;
      service.request('change');
    };
    for (let steps = 0; steps < 30; steps += 1) {
      const before = under.surroundings.reports.length;
      under.surroundings.onReport = () => {
        under.surroundings.onReport = () => undefined;
        void requestAfter(steps);
      };
      state += 1;
      service.request('change');
      await reported(before + 2);
    }
  });

  it('tries a gateway again that failed', async () => {
    const [gateway] = await fleet(1);
    if (gateway === undefined) throw new Error('No gateway');
    gateway.answers = ['error', 'not json'];
    (await start()).request('change');
    await reported(1);
    expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 3, error: null });
  });

  it('reports a gateway that keeps failing, and the others get theirs', async () => {
    const [good, bad, gone] = await fleet(3);
    if (bad === undefined || gone === undefined) throw new Error('No under.gateways');
    bad.answers = ['error', 'error', 'error'];
    await gone.stop();
    (await start()).request('change');
    await reported(3);
    expect(reportOf(good)).toMatchObject({ ok: true });
    expect(reportOf(bad)).toMatchObject({ ok: false, attempts: 3, error: expect.stringContaining('500') as string });
    expect(reportOf(gone)).toMatchObject({ ok: false, error: expect.stringContaining('Not reachable') as string });
    const { body } = await under.surroundings.metrics.text();
    expect(body).toContain('castellan_reload_targets{outcome="failed",service="test"} 2');
    expect(body).toContain('castellan_reloads_total{outcome="ok",service="test"} 1');
    expect(body).toContain('castellan_reloads_total{outcome="failed",service="test"} 2');
    expect(body).toContain('castellan_reload_duration_seconds_count{service="test",outcome="ok"} 1');
    expect(body).toContain('castellan_reload_duration_seconds_count{service="test",outcome="failed"} 2');
  });

  it('does not let a gateway that never answers hold up the others', async () => {
    const [silent, good] = await fleet(2);
    if (silent === undefined) throw new Error('No gateway');
    silent.answers = ['silent', 'silent', 'silent'];
    (await start({ CASTELLAN_RELOAD_TIMEOUT_MS: '100' })).request('change');
    await reported(2);
    expect(reportOf(good)).toMatchObject({ ok: true });
    expect(reportOf(silent)).toMatchObject({ ok: false, error: 'No answer within 100 ms' });
  });

  it('reports that a gateway refuses the secret', async () => {
    const [gateway] = await fleet(1);
    (await start({ CASTELLAN_GATEWAY_SECRET: 'another-secret' })).request('change');
    await reported(1);
    expect(reportOf(gateway)).toMatchObject({
      ok: false,
      error: 'The gateway refused the secret in CASTELLAN_GATEWAY_SECRET',
    });
    expect(JSON.stringify(under.surroundings.reports)).not.toContain('another-secret');
  });

  it('keeps a part of the fleet out of the reload, however large it is', async () => {
    await fleet(25);
    const held = door();
    for (const gateway of under.gateways) gateway.hold = held.closed;
    (await start()).request('change');
    const busy = (): number => under.gateways.filter((gateway) => gateway.busy > 0).length;
    await eventually(() => busy() === 10);
    let most = busy();
    const watch = setInterval(() => {
      most = Math.max(most, busy());
    }, 1);
    held.open();
    await reported(25);
    clearInterval(watch);
    expect(most).toBe(10);
  });

  it('reloads a gateway once for each state, however often it looks', async () => {
    await fleet(2);
    const service = await start();
    for (const reason of ['start', 'reconcile', 'reconnect', 'reconcile'] as const) {
      service.request(reason);
      await idle(service);
    }
    expect(under.gateways.map(({ reloads }) => reloads.length)).toEqual([1, 1]);
    under.surroundings.fingerprint = () => Promise.resolve('state 2');
    service.request('reconcile');
    await idle(service);
    expect(under.gateways.map(({ reloads }) => reloads.length)).toEqual([2, 2]);
  });

  it('leaves the others alone while one cannot be reached, and tries that one after pauses that double, up to five minutes', async () => {
    const [good, gone] = await fleet(2);
    await gone?.stop();
    let now = Date.now();
    under.surroundings.clock.millis = () => now;
    const service = await start({ CASTELLAN_RECONCILE_MS: '10000' });
    const attemptsAfter = async (pauseMs: number): Promise<number> => {
      const tried = (): number => under.surroundings.reports.filter(({ url }) => url === gone?.url).length;
      const before = tried();
      now += pauseMs;
      service.request('reconcile');
      await idle(service);
      return tried() - before;
    };
    expect(await attemptsAfter(0)).toBe(1);
    for (const seconds of [10, 20, 40, 80, 160, 300, 300]) {
      expect([seconds, await attemptsAfter(seconds * 1_000 - 1)]).toEqual([seconds, 0]);
      expect([seconds, await attemptsAfter(1)]).toEqual([seconds, 1]);
    }
    expect(good?.reloads).toHaveLength(1);
  });

  it('goes by the state before the reload, so that a change during it is seen later', async () => {
    const [gateway] = await fleet(1);
    if (gateway === undefined) throw new Error('No gateway');
    const held = door();
    gateway.hold = held.closed;
    const service = await start();
    service.request('change');
    await eventually(() => gateway.busy === 1);
    under.surroundings.fingerprint = () => Promise.resolve('state 2');
    gateway.hold = null;
    held.open();
    await idle(service);
    service.request('reconcile');
    await idle(service);
    expect(gateway.reloads).toHaveLength(2);
  });

  it('reloads no gateway while the API could not serve it, and all that have to be when it can', async () => {
    const [gateway] = await fleet(1);
    under.api.answer = 503;
    const service = await start();
    service.request('change');
    await eventually(() => under.api.asked > 0);
    expect(gateway?.reloads).toEqual([]);
    under.api.answer = 200;
    await reported(1);
    expect(gateway?.reloads).toHaveLength(1);
  });

  it('reloads nothing while the state is not known, and carries on afterwards', async () => {
    const [gateway] = await fleet(1);
    const service = await start();
    let asked = 0;
    under.surroundings.fingerprint = () => {
      asked += 1;
      return Promise.reject(new Error('MongoDB is out of reach'));
    };
    service.request('change');
    await eventually(() => asked === 1);
    under.surroundings.fingerprint = () => Promise.resolve('state 1');
    service.request('reconcile');
    await reported(1);
    expect(gateway?.reloads).toHaveLength(1);
    expect(reportOf(gateway)).toMatchObject({ ok: true, reason: 'reconcile' });
  });

  it('finishes the reload under way when it is told to stop, and begins no other', async () => {
    const [gateway] = await fleet(1);
    if (gateway === undefined) throw new Error('No gateway');
    const held = door();
    gateway.hold = held.closed;
    const service = await start();
    service.request('change');
    await eventually(() => gateway.busy === 1);
    service.request('change');
    const stopped = service.onApplicationShutdown();
    held.open();
    await stopped;
    expect(gateway.reloads).toHaveLength(1);
    expect(reportOf(gateway)).toMatchObject({ ok: true });
  });
});
