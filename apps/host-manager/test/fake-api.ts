import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** How the API answers when it is asked whether it is ready. */
export type ReadyAnswer =
  | 200
  | 503
  /** The connection is cut. */
  | 'cut'
  /** The question is taken and never answered. */
  | 'silent';

/** The API as the host manager sees it: a server that says whether it is ready. */
export class FakeApi {
  answer: ReadyAnswer = 200;
  /** How often it was asked. */
  asked = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {
    server.on('request', (request, response) => {
      if (request.url === '/health/ready') this.asked += 1;
      if (this.answer === 'cut') request.socket.destroy();
      else if (this.answer !== 'silent') response.writeHead(request.url === '/health/ready' ? this.answer : 404).end();
    });
  }

  static async start(): Promise<FakeApi> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('No address');
    return new FakeApi(server, `http://127.0.0.1:${address.port}`);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
