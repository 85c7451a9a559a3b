import { Test } from '@nestjs/testing';
import { CONFIG, loadHostManagerConfig } from '@castellan/config';
import type { NodeReloaded } from '@castellan/dto';
import { Clock, createLogger, LOGGER, Metrics } from '@castellan/observability';
import { NodeRecords, type NodeRecord } from '@castellan/persistence';
import { eventually } from '@castellan/testing';
import { FakeApi } from '../../test/fake-api';
import { FakeGateway } from '../../test/fake-gateway';
import { Inventory } from '../inventory/inventory';
import { Fingerprints } from '../reconcile/fingerprints';
import { GatewayClient } from './gateway-client';
import { Reports } from './reports';
import { ApiClient } from './api-client';
import { Fleet } from './fleet';
import { Reloader } from './reloader';
import { RolloutService } from './rollout.service';

const secret = 'gateway-secret';

/** What the rollout asks of its surroundings, in the test's hand; the gateways and the API are called over real HTTP. */
class Surroundings {
  readonly reports: NodeReloaded[] = [];
  readonly metrics = new Metrics('test');
  fingerprint = (): Promise<string> => Promise.resolve('state 1');
  onReport = (): void => undefined;
  nodes: NodeRecord[] = [];
  clock = new Clock();

  constructor(private readonly api: FakeApi) {}

  /** A registered node at the place of every gateway here, which has loaded a state. */
  node(id: string, state: string): void {
    const list = { hash: state, generation: state };
    const now = Date.now();
    this.nodes = this.nodes.filter((node) => node.id !== id);
    this.nodes.push({
      id,
      hostname: 'one-host',
      address: '127.0.0.1',
      registeredAt: now,
      lastSeen: now,
      fetchedAt: now,
      toldAt: null,
      served: { apis: list, policies: list, at: now },
    });
  }

  async rollout(
    gateways: readonly FakeGateway[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<RolloutService> {
    const config = loadHostManagerConfig({
      CASTELLAN_MONGODB_URI: 'mongodb://127.0.0.1/x',
      CASTELLAN_REDIS_URL: 'redis://127.0.0.1/0',
      CASTELLAN_GATEWAY_SECRET: secret,
      CASTELLAN_HOST_MANAGER_NODES: gateways.map(({ url }) => url).join(','),
      CASTELLAN_HOST_MANAGER_DEBOUNCE_MS: '20',
      CASTELLAN_HOST_MANAGER_PATIENCE_MS: '300',
      CASTELLAN_RELOAD_TIMEOUT_MS: '20000',
      CASTELLAN_API_URL: this.api.url,
      ...settings,
    });
    const reports: Pick<Reports, 'publish' | 'latest' | 'of'> = {
      of: (url) => this.reports.findLast((report) => report.url === url),
      publish: (report) => {
        this.reports.push(report);
        this.onReport();
        return Promise.resolve();
      },
      latest: () => this.reports,
    };
    const module = await Test.createTestingModule({
      providers: [
        RolloutService,
        Fleet,
        Reloader,
        GatewayClient,
        Inventory,
        ApiClient,
        { provide: Clock, useValue: this.clock },
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: createLogger('test', 'silent') },
        { provide: Metrics, useValue: this.metrics },
        { provide: Fingerprints, useValue: { current: () => this.fingerprint() } },
        { provide: Reports, useValue: reports },
        { provide: NodeRecords, useValue: { all: () => Promise.resolve(this.nodes) } },
      ],
    }).compile();
    return module.get(RolloutService);
  }
}

/** A door that keeps reloads waiting until it is opened. */
const door = (): { readonly closed: Promise<void>; readonly open: () => void } => {
  const opener = new AbortController();
  const closed = new Promise<void>((resolve) => {
    opener.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  return {
    closed,
    open: () => {
      opener.abort();
    },
  };
};

describe('RolloutService', () => {
  let gateways: FakeGateway[];
  let api: FakeApi;
  let surroundings: Surroundings;
  let rollout: RolloutService | null;

  beforeEach(async () => {
    gateways = [];
    api = await FakeApi.start();
    surroundings = new Surroundings(api);
    rollout = null;
  });
  afterEach(async () => {
    await rollout?.onApplicationShutdown();
    await Promise.all([...gateways, api].map((server) => server.stop()));
  });

  const fleet = async (size: number): Promise<readonly FakeGateway[]> => {
    gateways = await Promise.all(Array.from({ length: size }, () => FakeGateway.start(secret)));
    return gateways;
  };
  const start = async (settings: Readonly<Record<string, string>> = {}): Promise<RolloutService> => {
    rollout = await surroundings.rollout(gateways, settings);
    return rollout;
  };
  const reported = (count: number): Promise<boolean> =>
    eventually(() => surroundings.reports.length >= count, { describe: `${count} reports` });
  /** When nothing is left to do. */
  const idle = (service: RolloutService): Promise<boolean> => eventually(() => service.idle);
  const reportOf = (gateway: FakeGateway | undefined): NodeReloaded | undefined =>
    surroundings.reports.findLast(({ url }) => url === gateway?.url);

  it('reloads every gateway, and reports what it saw of each', async () => {
    const [first] = await fleet(3);
    (await start()).request('change');
    await reported(3);
    expect(gateways.map(({ reloads }) => reloads.length)).toEqual([1, 1, 1]);
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
    expect(gateways.map(({ reloads }) => reloads.length)).toEqual([1, 1]);
  });

  it('reloads once more for changes that come during a reload', async () => {
    const [gateway] = await fleet(1);
    if (gateway === undefined) throw new Error('No gateway');
    const held = door();
    gateway.hold = held.closed;
    const service = await start();
    service.request('change');
    await eventually(() => gateway.busy === 1);
    surroundings.fingerprint = () => Promise.resolve('state 2');
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
    surroundings.fingerprint = () => Promise.resolve(`state ${state}`);
    const requestAfter = async (steps: number): Promise<void> => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      state += 1;
      service.request('change');
    };
    for (let steps = 0; steps < 30; steps += 1) {
      const before = surroundings.reports.length;
      surroundings.onReport = () => {
        surroundings.onReport = () => undefined;
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
    if (bad === undefined || gone === undefined) throw new Error('No gateways');
    bad.answers = ['error', 'error', 'error'];
    await gone.stop();
    (await start()).request('change');
    await reported(3);
    expect(reportOf(good)).toMatchObject({ ok: true });
    expect(reportOf(bad)).toMatchObject({ ok: false, attempts: 3, error: expect.stringContaining('500') as string });
    expect(reportOf(gone)).toMatchObject({ ok: false, error: expect.stringContaining('Not reachable') as string });
    const { body } = await surroundings.metrics.text();
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
    expect(JSON.stringify(surroundings.reports)).not.toContain('another-secret');
  });

  it('keeps a part of the fleet out of the reload, however large it is', async () => {
    await fleet(25);
    const held = door();
    for (const gateway of gateways) gateway.hold = held.closed;
    (await start()).request('change');
    const busy = (): number => gateways.filter((gateway) => gateway.busy > 0).length;
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
    expect(gateways.map(({ reloads }) => reloads.length)).toEqual([1, 1]);
    surroundings.fingerprint = () => Promise.resolve('state 2');
    service.request('reconcile');
    await idle(service);
    expect(gateways.map(({ reloads }) => reloads.length)).toEqual([2, 2]);
  });

  it('leaves the others alone while one cannot be reached, and tries that one after pauses that double, up to five minutes', async () => {
    const [good, gone] = await fleet(2);
    await gone?.stop();
    let now = Date.now();
    surroundings.clock.millis = () => now;
    const service = await start({ CASTELLAN_RECONCILE_MS: '10000' });
    const attemptsAfter = async (pauseMs: number): Promise<number> => {
      const tried = (): number => surroundings.reports.filter(({ url }) => url === gone?.url).length;
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
    surroundings.fingerprint = () => Promise.resolve('state 2');
    gateway.hold = null;
    held.open();
    await idle(service);
    service.request('reconcile');
    await idle(service);
    expect(gateway.reloads).toHaveLength(2);
  });

  it('reloads no gateway while the API could not serve it, and all that have to be when it can', async () => {
    const [gateway] = await fleet(1);
    api.answer = 503;
    const service = await start();
    service.request('change');
    await eventually(() => api.asked > 0);
    expect(gateway?.reloads).toEqual([]);
    api.answer = 200;
    await reported(1);
    expect(gateway?.reloads).toHaveLength(1);
  });

  describe('where the gateway is a registered node', () => {
    it('does not reload it when it has loaded by itself, and tells its version', async () => {
      const [gateway] = await fleet(1);
      surroundings.node('one', 'state 1');
      (await start()).request('change');
      await reported(1);
      expect(gateway?.reloads).toEqual([]);
      expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 0, node: 'one', version: 'v5.2.5' });
    });

    it('gives it a moment to load by itself', async () => {
      const [gateway] = await fleet(1);
      surroundings.node('one', 'state 0');
      let looks = 0;
      surroundings.fingerprint = () => {
        looks += 1;
        if (looks === 2) surroundings.node('one', 'state 1');
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
      surroundings.node('one', 'state 0');
      gateway.onReload = () => {
        surroundings.node('one', 'state 1');
      };
      (await start()).request('change');
      await reported(1);
      expect(gateway.reloads).toHaveLength(1);
      expect(reportOf(gateway)).toMatchObject({ ok: true, attempts: 1, node: 'one' });
    });

    it('does not take its word for it: one that reloads without fetching has failed', async () => {
      const [gateway] = await fleet(1);
      surroundings.node('one', 'state 0');
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
      surroundings.fingerprint = () => Promise.resolve(state);
      for (const id of ids) surroundings.node(id, state);
      for (const [index, gateway] of gateways.entries()) {
        gateway.version = `v${index}`;
        gateway.onReload = () => {
          surroundings.nodes = surroundings.nodes.map((node) =>
            node.id === ids[index] ? { ...node, fetchedAt: (node.fetchedAt ?? 0) + 1 } : node,
          );
          const list = { hash: state, generation: state };
          surroundings.nodes = surroundings.nodes.map((node) =>
            node.id === ids[index] ? { ...node, served: { apis: list, policies: list, at: 0 } } : node,
          );
        };
      }
      const service = await start();
      service.request('start');
      await idle(service);
      expect(gateways.map((gateway) => reportOf(gateway))).toMatchObject([
        { node: 'one', version: 'v0' },
        { node: 'two', version: 'v1' },
        { node: 'three', version: 'v2' },
      ]);
      const before = gateways.map(({ reloads }) => reloads.length);
      state = 'state 2';
      surroundings.node('one', state);
      surroundings.node('three', state);
      service.request('change');
      await idle(service);
      expect(gateways.map(({ reloads }) => reloads.length)).toEqual([before[0], (before[1] ?? 0) + 1, before[2]]);
    });

    it('is not made to reload again and again by a node beside it that nobody looks after', async () => {
      const [gateway] = await fleet(1);
      surroundings.node('ours', 'state 1');
      surroundings.node('somebody else’s', 'state 0');
      const service = await start();
      for (let look = 0; look < 10; look += 1) {
        service.request('reconcile');
        await idle(service);
      }
      expect(gateway?.reloads.length).toBeLessThanOrEqual(3);
    });
  });

  it('reloads nothing while the state is not known, and carries on afterwards', async () => {
    const [gateway] = await fleet(1);
    const service = await start();
    let asked = 0;
    surroundings.fingerprint = () => {
      asked += 1;
      return Promise.reject(new Error('MongoDB is out of reach'));
    };
    service.request('change');
    await eventually(() => asked === 1);
    surroundings.fingerprint = () => Promise.resolve('state 1');
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
