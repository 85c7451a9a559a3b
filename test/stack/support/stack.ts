import { randomBytes } from 'node:crypto';
import {
  defaultDeadlineMs,
  eventually,
  HttpClient,
  listOf,
  NodeSimulator,
  servedApiHeader,
  textOf,
  unique,
  type JsonReply,
  type NodeProfile,
  type NodeSimulatorOptions,
  freePort,
} from '@castellan/testing';
import { AppProcess } from './app-process';
import { okay, Tenant } from './tenant';
import { Services } from './services';

/** Between two questions to processes that have better things to do than to answer them, in milliseconds. */
const pauseMs = 100;

interface StackOptions {
  readonly replicas?: number;
  /** Without any, there is no host manager either. */
  readonly nodes?: readonly NodeProfile[];
  /** False where nodes have to do with what they are told by signals and find out themselves. */
  readonly hostManager?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
  readonly node?: Partial<NodeSimulatorOptions>;
}

/** A whole Castellan as real processes: databases, replicas of the API, a host manager, and simulated nodes. */
export class Stack {
  readonly apis: AppProcess[] = [];
  readonly nodes: NodeSimulator[] = [];
  readonly adminSecret = randomBytes(16).toString('hex');
  readonly nodeSecret = randomBytes(16).toString('hex');
  readonly gatewaySecret = randomBytes(16).toString('hex');
  private readonly tenants: Tenant[] = [];
  private manager: AppProcess | null = null;

  private constructor(
    readonly services: Services,
    private readonly options: StackOptions,
  ) {}

  /** Everything up, and the nodes registered. What has started is stopped again when the rest does not. */
  static async start(options: StackOptions = {}): Promise<Stack> {
    const stack = new Stack(await Services.start(), options);
    try {
      await stack.startApps(options);
      await stack.startNodes(options);
      if (stack.nodes.length > 0 && options.hostManager !== false) await stack.prepareHostManager(options);
      await stack.repair();
      return stack;
    } catch (error) {
      await stack.end();
      throw error;
    }
  }

  /** The first replica. */
  get api(): AppProcess {
    return this.replica(0);
  }

  get hostManager(): AppProcess {
    if (this.manager === null) throw new Error('The host manager was not started');
    return this.manager;
  }

  get admin(): HttpClient {
    return this.api.client.with({ 'admin-auth': this.adminSecret });
  }

  replica(index: number): AppProcess {
    const api = this.apis[index];
    if (api === undefined) throw new Error(`There is no replica ${index}`);
    return api;
  }

  /** A new organisation, as its administrator sees it. */
  async tenant(): Promise<Tenant> {
    const created = okay(await this.admin.post('/admin/organisations', { owner_name: unique('org') }));
    const user = { org_id: textOf(created.json['Meta']), email_address: `${unique('user')}@example.org` };
    const accessKey = textOf(okay(await this.admin.post('/admin/users', user)).json['Message']);
    const tenant = new Tenant(accessKey, (replica) => this.replica(replica).client);
    this.tenants.push(tenant);
    return tenant;
  }

  /** Waits until every node serves what the organisations have by now, nothing more and nothing less. */
  async everyNodeServesWhatThereIs(): Promise<void> {
    const listed = await Promise.all(this.tenants.map((tenant) => tenant.listed()));
    const wanted = listed.flat().sort();
    await Promise.all(
      this.nodes.map((node) =>
        node.waitFor(
          ({ loadedApis }) => [...loadedApis.keys()].sort().join() === wanted.join(),
          defaultDeadlineMs,
          `${node.settings.hostname} to serve exactly [${wanted.join()}]`,
        ),
      ),
    );
  }

  /** What `/admin/system/nodes` says. */
  async fleet(): Promise<JsonReply | undefined> {
    return okay(await this.admin.get('/admin/system/nodes')).json['data'];
  }

  /** Waits until the API says of each node that it is in sync, as measured (promise 5). */
  async everyNodeIsInSync(): Promise<void> {
    await eventually(
      async () => {
        const listed = listOf((await this.fleet())?.['nodes']);
        return this.nodes.every(({ nodeId }) =>
          listed.some((node) => textOf(node['id']) === nodeId && Boolean(node['in_sync'])),
        );
      },
      { intervalMs: pauseMs, describe: 'every node to be in sync' },
    );
  }

  /** Waits until each node sends the traffic on a path to this API; an empty text means to none. */
  async everyNodeRoutes(path: string, apiId: string): Promise<void> {
    await eventually(
      async () => {
        for (const { url, settings } of this.nodes) {
          const served = (await fetch(`${url}${path}`)).headers.get(servedApiHeader) ?? '';
          if (served !== apiId) throw new Error(`${settings.hostname} sends ${path} to [${served}]`);
        }
        return true;
      },
      { describe: `every node to send ${path} to [${apiId}]` },
    );
  }

  /**
   * Waits until the version of each gateway is known, which tells that the host manager knows which is which: of several on
   * one host it sees that when one of them loads because it was told to, and no other does.
   *
   * @param change makes all of them load, one after the other
   */
  async everyVersionIsKnown(change: () => Promise<unknown>): Promise<void> {
    for (const node of this.nodes) node.hearing = false;
    await eventually(
      async () => {
        const began = Date.now();
        await change();
        await this.everyNodeServesWhatThereIs();
        await this.hostManagerHasLooked(began);
        const listed = listOf((await this.fleet())?.['nodes']);
        const versions = new Map(listed.map((node) => [textOf(node['id']), textOf(node['version'])]));
        return this.nodes.every(({ nodeId, settings }) => versions.get(nodeId) === settings.version);
      },
      { describe: 'the versions to be known' },
    );
    for (const node of this.nodes) node.hearing = true;
  }

  /** How often the nodes have reloaded, those at their start included. */
  get reloads(): number {
    return this.nodes.reduce((sum, { reloadCount }) => sum + reloadCount, 0);
  }

  /** Waits until the host manager has reported every gateway since that moment. */
  async hostManagerHasLooked(since: number): Promise<void> {
    await eventually(
      async () => {
        const reports = listOf((await this.fleet())?.['reloads']);
        return (
          reports.length === this.nodes.length && reports.every((report) => Date.parse(textOf(report['at'])) > since)
        );
      },
      { intervalMs: pauseMs, describe: 'the host manager to have looked at every gateway' },
    );
  }

  /** Kills the host manager; another one with these settings, too, is what the next repair starts. */
  async replaceHostManager(settings: StackOptions['settings'] = {}): Promise<void> {
    await this.hostManager.end('SIGKILL');
    await this.prepareHostManager({ settings: { ...this.options.settings, ...settings } });
  }

  /** That no node hangs in a reload. */
  nothingIsStuck(): void {
    const stuck = this.nodes.flatMap((node) => node.eventsOf('reload-stuck').map(({ reason }) => reason));
    if (stuck.length > 0) throw new Error(`Nodes are stuck: ${stuck.join('; ')}`);
  }

  /** Waits until no node is about to load, which the end of an API in the middle of it would hang for ever. */
  async noNodeLoads(): Promise<void> {
    await eventually(() => !this.nodes.some((node) => node.loads), { describe: 'every node to be done with loading' });
  }

  private get apps(): readonly AppProcess[] {
    return [...this.apis, ...(this.manager === null ? [] : [this.manager])];
  }

  /** Starts again whatever the test before has stopped. */
  async repair(): Promise<void> {
    await this.services.resumeAll();
    for (const app of this.apps) {
      if (app.running) await app.answers(200);
      else await app.start();
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.apps.map((app) => app.end('SIGKILL')));
    await this.services.end();
  }

  private common({ settings = {} }: StackOptions): Record<string, string> {
    return {
      CASTELLAN_MONGODB_URI: this.services.mongodbUri,
      CASTELLAN_REDIS_URL: this.services.redisUrl,
      CASTELLAN_RECONCILE_MS: '1000',
      CASTELLAN_SHUTDOWN_LINGER_MS: '500',
      CASTELLAN_LOG_LEVEL: 'info',
      ...settings,
    };
  }

  private async startApps(options: StackOptions): Promise<void> {
    for (let replica = 0; replica < (options.replicas ?? 1); replica += 1) {
      const port = await freePort();
      this.apis.push(
        new AppProcess('api', `http://127.0.0.1:${port}`, {
          ...this.common(options),
          CASTELLAN_API_PORT: String(port),
          CASTELLAN_RATE_LIMIT: '0',
          CASTELLAN_RATE_LIMIT_ADDRESS: '0',
          CASTELLAN_ADMIN_SECRET: this.adminSecret,
          CASTELLAN_NODE_SECRET: this.nodeSecret,
        }),
      );
    }
    await Promise.all(this.apis.map((api) => api.start()));
  }

  private async startNodes({ nodes = ['v3', 'v5.2', 'v5.14'], node = {} }: StackOptions): Promise<void> {
    for (const [index, profile] of nodes.entries()) {
      this.nodes.push(
        new NodeSimulator({
          dashboardUrl: this.apis.map(({ url }) => url),
          nodeSecret: this.nodeSecret,
          gatewaySecret: this.gatewaySecret,
          redisUrl: this.services.redisUrl,
          hostname: `node-${index}`,
          profile,
          heartbeatMs: 500,
          reloadTickMs: 50,
          registerRetryMs: 200,
          reloginDelayMs: 200,
          startRetryMs: 200,
          startRetryMaxMs: 1_000,
          signalRetryMs: 200,
          ...node,
        }),
      );
    }
    await Promise.all(this.nodes.map((simulator) => simulator.start()));
  }

  private async prepareHostManager(options: StackOptions): Promise<void> {
    const port = await freePort();
    this.manager = new AppProcess('host-manager', `http://127.0.0.1:${port}`, {
      ...this.common(options),
      CASTELLAN_API_URL: this.api.url,
      CASTELLAN_HOST_MANAGER_PORT: String(port),
      CASTELLAN_HOST_MANAGER_NODES: this.nodes.map(({ url }) => url).join(),
      CASTELLAN_GATEWAY_SECRET: this.gatewaySecret,
    });
  }
}
