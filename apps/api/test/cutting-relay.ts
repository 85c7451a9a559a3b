import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server of this machine, and passes everything on until it is told to cut. */
export class CuttingRelay {
  /** How often an answer was kept back. */
  cuts = 0;
  private wanted: { readonly command: string; readonly answer: RegExp } | null = null;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async before(target: number): Promise<CuttingRelay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const relay = new CuttingRelay(server, typeof address === 'object' && address !== null ? address.port : 0);
    server.on('connection', (client) => {
      relay.join(client, connect(target, '127.0.0.1'));
    });
    return relay;
  }

  /** Cuts the connection on which such a command comes, once the server has done it and says so: nobody hears the answer. */
  cutAfter(command: string, answer: RegExp): void {
    this.wanted = { command, answer };
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket, server: Socket): void {
    let isAsked = false;
    const end = (): void => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (bytes) => {
      isAsked = this.wanted !== null && bytes.includes(this.wanted.command);
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (isAsked && this.wanted?.answer.test(bytes.toString('latin1')) === true) {
        this.wanted = null;
        this.cuts += 1;
        end();
      } else client.write(bytes);
    });
  }
}
