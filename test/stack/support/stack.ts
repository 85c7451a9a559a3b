import { randomBytes } from 'node:crypto';
import {
  anApiDefinition,
  eventually,
  HttpClient,
  NodeSimulator,
  textOf,
  unique,
  type NodeProfile,
  type NodeSimulatorOptions,
  type Reply,
} from '@castellan/testing';
import { AppProcess, freePort } from './app-process';
import { Services } from './services';

interface StackOptions {
  readonly replicas?: number;
  readonly nodes?: readonly NodeProfile[];
  readonly settings?: Readonly<Record<string, string>>;
  readonly node?: Partial<NodeSimulatorOptions>;
}

/** How long a change may take to reach every node after a fault, in milliseconds: a limit for hung tests, not a target. */
const arrivalDeadlineMs = 60_000;

/** A whole Castellan as real processes: databases, replicas of the API, a host manager, and simulated nodes. */
export class Stack {
  readonly apis: AppProcess[] = [];
  readonly nodes: NodeSimulator[] = [];
  hostManager!: AppProcess;
  /** The client of an organisation's administrator, on the first replica. */
  client!: HttpClient;
  /** The key that this client sends. */
  accessKey = '';
  readonly adminSecret = randomBytes(16).toString('hex');
  readonly nodeSecret = randomBytes(16).toString('hex');
  readonly gatewaySecret = randomBytes(16).toString('hex');

  private constructor(readonly services: Services) {}

  /** Everything up, an organisation made, and the nodes registered. */
  static async start(options: StackOptions = {}): Promise<Stack> {
    const stack = new Stack(await Services.start());
    try {
      await stack.startApps(options);
      await stack.startNodes(options);
      await stack.startHostManager(options);
      stack.client = await stack.newOrganisation();
      return stack;
    } catch (error) {
      await stack.end();
      throw error;
    }
  }

  get admin(): HttpClient {
    return this.at(0).with({ 'admin-auth': this.adminSecret });
  }

  /** A client of one replica, without a credential. */
  at(replica: number): HttpClient {
    const api = this.apis[replica];
    if (api === undefined) throw new Error(`There is no replica ${replica}`);
    return new HttpClient(api.url);
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop({ deregister: false })));
    const apps = [...this.apis, ...(this.startedHostManager ? [this.hostManager] : [])];
    await Promise.all(apps.map((app) => app.end('SIGKILL')));
    await this.services.end();
  }

  /** Creates an API that nodes will serve. */
  async createApi(overrides: Readonly<Record<string, unknown>> = {}, client = this.client): Promise<CreatedApi> {
    const reply = await client.post('/api/apis', { api_definition: anApiDefinition(overrides) });
    return { id: textOf(okay(reply).json['Meta']), apiId: textOf(reply.json['ID']) };
  }

  /** Waits until every node serves exactly these APIs. */
  async everyNodeServes(apiIds: readonly string[]): Promise<void> {
    const wanted = [...apiIds].sort().join();
    await eventually(() => this.nodes.every(({ loadedApis }) => [...loadedApis.keys()].sort().join() === wanted), {
      deadlineMs: arrivalDeadlineMs,
      describe: `every node to serve exactly [${wanted}]`,
    });
  }

  private startedHostManager = false;

  private common({ settings = {} }: StackOptions): Record<string, string> {
    return {
      CASTELLAN_MONGODB_URI: this.services.mongodbUri,
      CASTELLAN_REDIS_URL: this.services.redisUrl,
      CASTELLAN_RECONCILE_MS: '1000',
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
          CASTELLAN_ADMIN_SECRET: this.adminSecret,
          CASTELLAN_NODE_SECRET: this.nodeSecret,
        }),
      );
    }
    await Promise.all(this.apis.map((api) => api.start()));
  }

  private async startNodes({ nodes = ['v3', 'v5.2', 'v5'], node = {} }: StackOptions): Promise<void> {
    for (const [index, profile] of nodes.entries()) {
      this.nodes.push(
        new NodeSimulator({
          dashboardUrl: this.apis.map(({ url }) => url),
          nodeSecret: this.nodeSecret,
          gatewaySecret: this.gatewaySecret,
          redisUrl: this.services.redisUrl,
          hostname: `node-${index}`,
          profile,
          heartbeatMs: 200,
          reloadTickMs: 50,
          registerRetryMs: 200,
          reloginDelayMs: 200,
          startRetryMs: 200,
          signalRetryMs: 200,
          ...node,
        }),
      );
    }
    await Promise.all(this.nodes.map((simulator) => simulator.start()));
  }

  private async startHostManager(options: StackOptions): Promise<void> {
    const port = await freePort();
    this.hostManager = new AppProcess('host-manager', `http://127.0.0.1:${port}`, {
      ...this.common(options),
      CASTELLAN_HOST_MANAGER_PORT: String(port),
      CASTELLAN_HOST_MANAGER_NODES: this.nodes.map(({ url }) => url).join(),
      CASTELLAN_GATEWAY_SECRET: this.gatewaySecret,
    });
    this.startedHostManager = true;
    await this.hostManager.start();
  }

  /** Another organisation; resolves with the client of its administrator. */
  async newOrganisation(): Promise<HttpClient> {
    const created = okay(await this.admin.post('/admin/organisations', { owner_name: unique('org') }));
    const user = { org_id: textOf(created.json['Meta']), email_address: `${unique('user')}@example.org` };
    const accessKey = textOf(okay(await this.admin.post('/admin/users', user)).json['Message']);
    this.accessKey = accessKey;
    return this.at(0).with({ authorization: accessKey });
  }
}

export interface CreatedApi {
  readonly id: string;
  readonly apiId: string;
}

/** The reply, when it is a 200; otherwise the test fails with what the server said. */
export const okay = (reply: Reply): Reply => {
  if (reply.status !== 200) throw new Error(`Expected 200, got ${reply.status}: ${reply.text}`);
  return reply;
};
