import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SecretWatch } from './secret-watch';

/** A connection on which a test writes what it likes, such as half a request. */
export class RawConnection {
  /** What the server has answered so far. */
  received = '';
  closed = false;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.received += text;
    });
    // A server that ends a connection while a test goes on writing is what such tests are about.
    socket
      .on('error', () => undefined)
      .on('close', () => {
        this.closed = true;
      });
  }

  static async to(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const connection = new RawConnection(socket);
    SecretWatch.at(url)?.follow('a reply on a connection of its own', () => connection.received);
    return connection;
  }

  /** The head of a request, without its body. */
  head(method: string, path: string, headers: Readonly<Record<string, string | number>>): void {
    const lines = Object.entries({ host: 'castellan', ...headers }).map(([name, value]) => `${name}: ${value}`);
    this.write(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  }

  write(content: string | Buffer): void {
    if (!this.closed) this.socket.write(content);
  }

  /** Writes for as long as the server takes it. */
  writeForEver(content: Buffer): void {
    const more = (): void => {
      while (!this.closed && this.socket.writable && this.socket.write(content));
      if (!this.closed && this.socket.writable) this.socket.once('drain', more);
    };
    more();
  }

  /** Status of the first reply. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.received)?.[1] ?? 0);
  }

  close(): void {
    this.socket.destroy();
  }
}
