import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { FastifyServerFactory } from 'fastify';
import { ErrorReply } from '@castellan/dto';
import { SilentConnections } from './silent-connections';

type State = 'starting' | 'open' | 'stopping' | 'stopped';

const said: Readonly<Record<Exclude<State, 'open'>, string>> = {
  starting: 'Castellan is starting, try again',
  stopping: 'Castellan is stopping, try again',
  stopped: 'Castellan has stopped, try again',
};

/**
 * The listener of the process. It is there before anything else is and stays until everything else has gone, and
 * answers 503 whenever the application behind it cannot: gateways keep what they have on a 503, while a connection that
 * is refused or cut during a load makes newer ones hang for ever.
 */
export class FrontDoor {
  private state: State = 'starting';
  private underWay = 0;
  private readonly whenIdle = new Set<() => void>();
  private listener: Server | null = null;
  private silent: SilentConnections | null = null;

  /** For Fastify: the server that its application is behind. */
  readonly serverFactory: FastifyServerFactory = (application, options) => {
    const { http, keepAliveTimeout, requestTimeout, connectionTimeout } = options;
    const server = createServer(typeof http === 'object' && http !== null ? http : {}, (request, response) => {
      this.answer(request, response, application);
    });
    if (typeof keepAliveTimeout === 'number') server.keepAliveTimeout = keepAliveTimeout;
    if (typeof requestTimeout === 'number') server.requestTimeout = requestTimeout;
    if (typeof connectionTimeout === 'number') server.setTimeout(connectionTimeout);
    this.listener = server;
    this.silent = new SilentConnections(server);
    return server;
  };

  /**
   * Listens, and answers 503 until it is opened.
   *
   * @throws when the address is taken or is none
   */
  async listen(port: number, host: string): Promise<void> {
    const { server } = this;
    server.listen(port, host);
    await once(server, 'listening');
  }

  /** Where it can be reached. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') return '';
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return `http://${host}:${address.port}`;
  }

  /** How many requests the application is answering. */
  get busy(): number {
    return this.underWay;
  }

  /** From here on the application answers. */
  open(): void {
    this.state = 'open';
  }

  /** From here on new requests are answered 503; resolves when those that are under way have been answered. */
  async close(): Promise<void> {
    this.state = 'stopping';
    if (this.underWay === 0) return;
    await new Promise<void>((resolve) => this.whenIdle.add(resolve));
  }

  /** Nothing is behind it any more: it answers 503 to every question, that for its life included. */
  outlive(): void {
    this.state = 'stopped';
  }

  /** Goes: the last thing that a process does. */
  async leave(): Promise<void> {
    const { server } = this;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    this.silent?.close();
    await closed;
  }

  private get server(): Server {
    if (this.listener === null) throw new Error('There is no server yet');
    return this.listener;
  }

  private answer(request: IncomingMessage, response: ServerResponse, application: RequestListener): void {
    if (this.state !== 'open') {
      refuse(this.state, request, response);
      return;
    }
    this.underWay += 1;
    response.once('close', () => {
      this.underWay -= 1;
      if (this.underWay > 0) return;
      for (const idle of this.whenIdle) idle();
      this.whenIdle.clear();
    });
    application(request, response);
  }
}

/** Whoever asks has to ask again; only that the process lives is told, for as long as something is behind the door. */
const refuse = (state: Exclude<State, 'open'>, request: IncomingMessage, response: ServerResponse): void => {
  request.resume();
  const path = (request.url ?? '').split('?', 1)[0]?.replace(/(?<=.)\/$/, '');
  const lives = path === '/health/live' && state !== 'stopped';
  response.writeHead(lives ? 200 : 503, {
    'content-type': 'application/json; charset=utf-8',
    connection: 'close',
    ...(lives ? {} : { 'retry-after': '1' }),
  });
  if (lives) response.end(JSON.stringify({ status: 'ok', checks: {} }));
  else if (path === '/health/ready' || path === '/health/live')
    response.end(JSON.stringify({ status: state, checks: {} }));
  else response.end(JSON.stringify(new ErrorReply(said[state], null, 'unavailable', [], randomUUID())));
};
