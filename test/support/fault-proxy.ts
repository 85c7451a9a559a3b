import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A wire to a server that counts what passes and, when it is told to, stops at the n-th: nothing of it is forwarded, and nothing
 * after it. A test learns of it and kills whoever sent it, which so dies at exactly that point.
 */
export class FaultProxy {
  private readonly sockets = new Set<Socket>();
  private left = Infinity;
  private reached: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    private readonly counts: (sent: string) => boolean,
  ) {
    server.on('connection', (client) => {
      this.join(client);
    });
  }

  /** @param counts which pieces that are sent count */
  static async before(url: string, counts: (sent: string) => boolean): Promise<FaultProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, new URL(url), counts);
  }

  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('No port');
    return `${this.target.protocol}//127.0.0.1:${address.port}`;
  }

  /** Lets so many pass that count, and no more. @returns when one more was sent */
  stopAfter(count: number): Promise<void> {
    this.left = count;
    return new Promise((resolve) => {
      this.reached = resolve;
    });
  }

  /** Lets everything pass, of connections to come. */
  mend(): void {
    this.left = Infinity;
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.mend();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const onward = connect({ host: this.target.hostname, port: Number(this.target.port) });
    for (const [socket, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (this.left >= 0 && this.counts(chunk.toString('latin1'))) this.left -= 1;
      if (this.left >= 0) onward.write(chunk);
      else this.reached();
    });
    onward.on('data', (chunk) => {
      if (this.left >= 0) client.write(chunk);
    });
  }
}
