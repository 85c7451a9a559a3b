import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** How a gateway's control API answers a reload. */
export type ReloadAnswer =
  | 'ok'
  | 'error'
  | 'not json'
  /** The request is taken and never answered. */
  | 'silent'
  /** The head of a reply is sent and the body never comes. */
  | 'stalled';

/** The control API of one gateway (docs/tyk/signals.md#control-api), with answers that the test chooses. */
export class FakeGateway {
  /** One entry for each reload asked for with the right secret. */
  readonly reloads: string[] = [];
  refused = 0;
  version: string | null = 'v5.2.5';
  /** Taken one after the other; when there are none left, `ok`. */
  answers: ReloadAnswer[] = [];
  /** While it is set, reloads wait for it. */
  hold: Promise<void> | null = null;
  /** What it does when it reloads. */
  onReload = (): void => undefined;
  url = '';
  /** How many reloads are under way. */
  busy = 0;
  private readonly server: Server;

  private constructor(private readonly secret: string) {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  static async start(secret: string): Promise<FakeGateway> {
    const gateway = new FakeGateway(secret);
    await new Promise<void>((resolve) => gateway.server.listen(0, '127.0.0.1', resolve));
    const address = gateway.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('No address');
    gateway.url = `http://127.0.0.1:${address.port}`;
    return gateway;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === '/hello') {
      response.end(JSON.stringify(this.version === null ? { status: 'pass' } : { version: this.version }));
    } else if (!path.startsWith('/tyk/reload')) {
      response.writeHead(404).end('404 page not found');
    } else if (request.headers['x-tyk-authorization'] !== this.secret) {
      this.refused += 1;
      response.writeHead(403).end('{"status":"error","message":"Attempted administrative access"}');
    } else {
      await this.reload(path, response);
    }
  }

  private async reload(path: string, response: ServerResponse): Promise<void> {
    this.reloads.push(path);
    this.busy += 1;
    await this.hold;
    this.onReload();
    this.busy -= 1;
    const answer = this.answers.shift() ?? 'ok';
    if (answer === 'ok') response.end('{"status":"ok","message":""}\n');
    else if (answer === 'error') response.writeHead(500).end('{"status":"error","message":"out of order"}');
    else if (answer === 'not json') response.end('<html>');
    else if (answer === 'stalled') response.writeHead(200).write('{"status":');
  }
}
