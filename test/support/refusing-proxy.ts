import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/**
 * A proxy between nodes and the API that refuses one fetch in the words that make newer gateways register again, or keeps
 * a registration waiting.
 */
export class RefusingProxy {
  private refuses = false;
  private held: Promise<void> | null = null;

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly target: string,
  ) {
    server.on('request', (incoming, response) => void this.handle(incoming, response));
  }

  static async before(target: string): Promise<RefusingProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('No port');
    return new RefusingProxy(server, `http://127.0.0.1:${address.port}`, target);
  }

  refuseNextFetch(): void {
    this.refuses = true;
  }

  /** Keeps registrations waiting. @returns what lets them through */
  holdRegistrations(): () => void {
    let release = (): void => undefined;
    this.held = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      release();
    };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '/', method, headers } = incoming;
    if (url === '/register/node') await this.held;
    if (this.refuses && (url === '/system/policies' || url === '/system/apis')) {
      this.refuses = false;
      response.writeHead(403).end('{"Status":"Error","Message":"Nonce failed","Meta":null}');
      return;
    }
    const onward = request(`${this.target}${url}`, { method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  }
}
