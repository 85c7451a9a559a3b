import { Test } from '@nestjs/testing';
import { CONFIG, loadHostManagerConfig } from '@castellan/config';
import type { NodeReloaded } from '@castellan/dto';
import { Clock, createLogger, LOGGER, Metrics } from '@castellan/observability';
import { eventually } from '@castellan/testing';
import { FakeGateway } from '../../test/fake-gateway';
import { Inventory } from '../inventory/inventory';
import { Fingerprints } from '../reconcile/fingerprints';
import { GatewayClient } from './gateway-client';
import { Reports } from './reports';
import { RolloutService } from './rollout.service';

const secret = 'gateway-secret';

/** What the rollout asks of its surroundings, in the test's hand; the gateways are called over real HTTP. */
class Surroundings {
  readonly reports: NodeReloaded[] = [];
  readonly metrics = new Metrics('test');
  fingerprint = (): Promise<string> => Promise.resolve('state 1');
  onReport = (): void => undefined;

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
      CASTELLAN_RELOAD_TIMEOUT_MS: '20000',
      ...settings,
    });
    const reports: Pick<Reports, 'publish' | 'latest'> = {
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
        GatewayClient,
        Inventory,
        Clock,
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: createLogger('test', 'silent') },
        { provide: Metrics, useValue: this.metrics },
        { provide: Fingerprints, useValue: { current: () => this.fingerprint() } },
        { provide: Reports, useValue: reports },
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
  let surroundings: Surroundings;
  let rollout: RolloutService | null;

  beforeEach(() => {
    gateways = [];
    surroundings = new Surroundings();
    rollout = null;
  });
  afterEach(async () => {
    await rollout?.onApplicationShutdown();
    await Promise.all(gateways.map((gateway) => gateway.stop()));
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
    const requestAfter = async (steps: number): Promise<void> => {
      for (let step = 0; step < steps; step += 1) await Promise.resolve();
      service.request('change');
    };
    for (let steps = 0; steps < 30; steps += 1) {
      const before = surroundings.reports.length;
      surroundings.onReport = () => {
        surroundings.onReport = () => undefined;
        void requestAfter(steps);
      };
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
    const service = await start();
    service.request('change');
    await reported(3);
    expect(reportOf(good)).toMatchObject({ ok: true });
    expect(reportOf(bad)).toMatchObject({ ok: false, attempts: 3, error: expect.stringContaining('500') as string });
    expect(reportOf(gone)).toMatchObject({ ok: false, error: expect.stringContaining('Not reachable') as string });
    const behind = await service.behind('state 1');
    expect(behind.map(({ url }) => url)).toEqual([bad.url, gone.url]);
    const { body } = await surroundings.metrics.text();
    expect(body).toContain('castellan_reload_targets{outcome="failed",service="test"} 2');
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

  it('knows which gateways were last reloaded at another state', async () => {
    await fleet(2);
    const service = await start();
    expect(await service.behind('state 1')).toHaveLength(2);
    service.request('start');
    await reported(2);
    await service.onApplicationShutdown();
    expect(await service.behind('state 1')).toEqual([]);
    expect(await service.behind('state 2')).toHaveLength(2);
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
    held.open();
    await reported(1);
    expect(await service.behind('state 2')).toHaveLength(1);
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
