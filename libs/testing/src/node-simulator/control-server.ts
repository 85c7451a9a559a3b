import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { JsonObject, NodeApi } from './decode';

/** Names the API that answered a request for traffic. */
export const servedApiHeader = 'x-simulator-api-id';

/** What the control API shows and sets off. */
export interface ControlledNode {
  readonly gatewaySecret: string;
  readonly queueReload: (reason: string) => Promise<void>;
  readonly reloadGroup: () => Promise<void>;
  readonly apis: () => ReadonlyMap<string, NodeApi>;
  readonly policies: () => ReadonlyMap<string, JsonObject>;
  readonly hello: () => JsonObject;
  readonly route: (host: string, path: string) => NodeApi | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const ok: Answer = { status: 200, body: { status: 'ok', message: '' } };
const failure = (status: number, message: string): Answer => ({ status, body: { status: 'error', message } });

/**
 * The port a gateway listens on: its control API below `/tyk/` (docs/tyk/signals.md#control-api), `/hello`, and
 * everything else as traffic for the APIs it has loaded.
 */
export class ControlServer {
  private readonly server: Server;

  constructor(private readonly node: ControlledNode) {
    this.server = createServer((request, response) => {
      void this.handle(request).then(
        (answer) => {
          write(response, answer);
        },
        (error: unknown) => {
          write(response, failure(500, String(error)));
        },
      );
    });
  }

  /** @returns the address to reach it under, without a trailing slash */
  listen(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        this.server.off('error', reject);
        const address = this.server.address();
        const actual = typeof address === 'object' && address !== null ? address.port : port;
        resolve(`http://127.0.0.1:${actual}`);
      });
    });
  }

  /** Closes at once; requests that still wait for a reload are cut off. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }

  private async handle(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://node');
    if (url.pathname === '/hello') return this.hello(request);
    if (!url.pathname.startsWith('/tyk/')) return this.traffic(request, url.pathname);
    if (request.headers['x-tyk-authorization'] !== this.node.gatewaySecret) {
      return failure(403, 'Attempted administrative access with invalid or missing key!');
    }
    return this.control(request.method ?? 'GET', url);
  }

  private async control(method: string, url: URL): Promise<Answer> {
    const path = url.pathname.replace(/\/+$/, '');
    const [, , collection = '', id] = path.split('/');
    if (method !== 'GET') {
      return collection === 'apis'
        ? failure(500, 'Due to enabled use_db_app_configs, please use the Dashboard API')
        : failure(405, 'Method not supported');
    }
    if (path === '/tyk/reload/group') {
      await this.node.reloadGroup();
      return ok;
    }
    if (path === '/tyk/reload') return this.reload(url.searchParams.get('block') === 'true');
    if (collection === 'apis') return this.list(apiDefinitions(this.node.apis()), id, 'API not found');
    if (collection === 'policies') return this.list(this.node.policies(), id, 'Policy not found');
    return { status: 404, body: '404 page not found' };
  }

  private async reload(block: boolean): Promise<Answer> {
    const done = this.node.queueReload('control API');
    if (block) await done;
    return ok;
  }

  private list(items: ReadonlyMap<string, JsonObject>, id: string | undefined, missing: string): Answer {
    if (id === undefined) return { status: 200, body: [...items.values()] };
    const item = items.get(id);
    return item === undefined ? failure(404, missing) : { status: 200, body: item };
  }

  private hello(request: IncomingMessage): Answer {
    return request.method === 'GET' ? { status: 200, body: this.node.hello() } : failure(405, 'Method Not Allowed');
  }

  private traffic(request: IncomingMessage, path: string): Answer {
    const api = this.node.route(request.headers.host ?? '', path);
    if (api === undefined) return { status: 404, body: 'Not Found' };
    return { status: 200, body: { api_id: api.apiId, path }, headers: { [servedApiHeader]: api.apiId } };
  }
}

const apiDefinitions = (apis: ReadonlyMap<string, NodeApi>): ReadonlyMap<string, JsonObject> =>
  new Map([...apis].map(([id, api]) => [id, api.definition]));

const write = (response: ServerResponse, { status, body, headers = {} }: Answer): void => {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
  // Go's encoder ends a JSON document with a new line.
  response.end(isText ? body : `${JSON.stringify(body)}\n`);
};
