import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { NodeCall } from './events';
import type { NodeSimulatorOptions } from './options';
import { NodeSimulator } from './node-simulator';

export interface SeenCall {
  readonly call: NodeCall | 'unknown';
  readonly method: string;
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly nodeId: string | undefined;
  readonly nonce: string | undefined;
  /** The same object for calls over the same connection. */
  readonly connection: object;
}

export interface FakeReply {
  readonly status?: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

type Responder = (seen: SeenCall, nonce: string) => FakeReply | undefined;

const callOf = (path: string): SeenCall['call'] => {
  const calls: Readonly<Record<string, NodeCall>> = {
    '/register/node': 'register',
    '/register/ping': 'ping',
    '/system/node': 'deregister',
    '/system/policies': 'policies',
    '/system/apis': 'apis',
  };
  return calls[path] ?? 'unknown';
};

export const nonceFailed: FakeReply = { status: 403, body: '{"Status":"Error","Message":"Nonce failed","Meta":null}' };

/** A definition with what the simulator looks at, and whatever else is given. */
export const api = (
  apiId: string,
  listenPath: string,
  more: Readonly<Record<string, unknown>> = {},
): { api_definition: Record<string, unknown>; oas: null } => ({
  api_definition: {
    api_id: apiId,
    org_id: 'o',
    name: apiId,
    active: true,
    proxy: { listen_path: listenPath },
    ...more,
  },
  oas: null,
});

/**
 * A dashboard of a few lines for the simulator's own specs: it remembers a window of nonces for each node, refuses
 * others, and lets a spec replace any reply.
 */
export class FakeDashboard {
  readonly seen: SeenCall[] = [];
  apis: readonly unknown[] = [];
  policies: readonly unknown[] = [];
  url = '';
  private readonly nonces = new Map<string, string[]>();
  private readonly replacements = new Map<NodeCall, Responder>();
  private server: Server | undefined;
  private port = 0;
  private counter = 0;

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const { status = 200, body, headers = {} } = this.answer(request);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /** Goes away and forgets every node; `start` brings it back on the same port. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.forget();
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** No nonce is valid any more, as after a restart without a store. */
  forget(): void {
    this.nonces.clear();
  }

  /** Replaces the reply to a call from now on; a responder that answers undefined leaves the usual one. */
  reply(call: NodeCall, responder: Responder | FakeReply): void {
    this.replacements.set(call, typeof responder === 'function' ? responder : () => responder);
  }

  /** Back to the usual reply. */
  restore(call: NodeCall): void {
    this.replacements.delete(call);
  }

  callsOf(call: NodeCall): SeenCall[] {
    return this.seen.filter((each) => each.call === call);
  }

  private answer(request: IncomingMessage): FakeReply {
    const seen: SeenCall = {
      call: callOf(request.url ?? ''),
      method: request.method ?? '',
      path: request.url ?? '',
      rawHeaders: request.rawHeaders,
      nodeId: this.header(request, 'x-tyk-nodeid'),
      nonce: this.header(request, 'x-tyk-nonce'),
      connection: request.socket,
    };
    this.seen.push(seen);
    this.counter += 1;
    const nonce = `nonce-${this.counter}`;
    if (seen.call === 'unknown') return { status: 404, body: '{}' };
    const replaced = this.replacements.get(seen.call)?.(seen, nonce);
    if (replaced !== undefined) return replaced;
    if (seen.call === 'register') return this.register(nonce);
    const window = this.nonces.get(seen.nodeId ?? '');
    if (window?.includes(seen.nonce ?? '') !== true) return nonceFailed;
    window.push(nonce);
    window.splice(0, Math.max(0, window.length - 8));
    return { body: JSON.stringify({ Status: 'OK', Message: this.messageFor(seen.call), Nonce: nonce }) };
  }

  private register(nonce: string): FakeReply {
    const nodeId = `node-${this.counter}`;
    this.nonces.set(nodeId, [nonce]);
    return { body: JSON.stringify({ Status: 'OK', Message: { NodeID: nodeId }, Nonce: nonce }) };
  }

  private messageFor(call: NodeCall): unknown {
    if (call === 'apis') return this.apis;
    return call === 'policies' ? this.policies : {};
  }

  private header(request: IncomingMessage, name: string): string | undefined {
    const value = request.headers[name];
    return typeof value === 'string' ? value : undefined;
  }
}

/** A dashboard and the nodes of one spec; nodes run fast and without health probe unless told otherwise. */
export class Stage {
  readonly dashboard = new FakeDashboard();
  private readonly nodes: NodeSimulator[] = [];

  async open(): Promise<void> {
    await this.dashboard.start();
  }

  /** A node that has not been started. */
  node(options: Partial<NodeSimulatorOptions> = {}): NodeSimulator {
    const node = new NodeSimulator({
      dashboardUrl: this.dashboard.url,
      nodeSecret: 'node-secret',
      gatewaySecret: 'gateway-secret',
      heartbeatMs: 10,
      reloadTickMs: 10,
      registerRetryMs: 10,
      reloginDelayMs: 10,
      startRetryMs: 10,
      healthCheckMs: 0,
      ...options,
    });
    this.nodes.push(node);
    return node;
  }

  async started(options: Partial<NodeSimulatorOptions> = {}): Promise<NodeSimulator> {
    const node = this.node(options);
    await node.start();
    return node;
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.dashboard.stop();
  }
}
