import { Test } from '@nestjs/testing';
import { CONFIG, loadHostManagerConfig } from '@castellan/config';
import { type NodeRecord, NodeRecords, type NodeReloaded } from '@castellan/delivery';
import { Clock, createLogger, LOGGER, Metrics } from '@castellan/observability';
import { eventually } from '@castellan/testing';
import { Inventory } from '../src/inventory/inventory';
import { Fingerprints } from '../src/reconcile/fingerprints';
import { ApiClient } from '../src/rollout/api-client';
import { Fleet } from '../src/rollout/fleet';
import { GatewayClient } from '../src/rollout/gateway-client';
import { Reloader } from '../src/rollout/reloader';
import { Reports } from '../src/rollout/reports';
import { RolloutService } from '../src/rollout/rollout.service';
import { FakeApi } from './fake-api';
import { FakeGateway } from './fake-gateway';

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
  node(id: string, state: string, assigned: string | null = null): void {
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
      assigned,
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

/** A rollout over gateways of its own for each test of a file, and what tests ask of it. */
export const rolloutUnderTest = () => {
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
  return {
    ...{ fleet, start, reported, idle, reportOf },
    get gateways() {
      return gateways;
    },
    get surroundings() {
      return surroundings;
    },
    get api() {
      return api;
    },
  };
};

/** A door that keeps reloads waiting until it is opened. */
export const door = (): { readonly closed: Promise<void>; readonly open: () => void } => {
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
