import { Agent, type IncomingMessage, request } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { NodeCall } from './events';
import type { NodeIdentity } from './identity';
import { NodeStopped } from './lifecycle';
import type { NodeSettings } from './options';

export interface DashboardReply {
  readonly status: number;
  readonly body: string;
}

interface Outgoing {
  readonly url: string;
  readonly method: 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
}

const paths: Readonly<Record<NodeCall, string>> = {
  register: '/register/node',
  ping: '/register/ping',
  deregister: '/system/node',
  policies: '/system/policies',
  apis: '/system/apis',
};

const unzip = promisify(gunzip);

const readBody = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    if (chunk instanceof Buffer) chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const zipped = response.headers['content-encoding']?.toLowerCase() === 'gzip';
  // zlib reads all members of a gzip body, as Go does; an incomplete one fails.
  return (zipped ? await unzip(bytes) : bytes).toString('utf8');
};

/**
 * Calls the node plane the way Go's HTTP client does for a gateway: kept-alive connections, gzip asked for, and
 * exactly the headers of docs/tyk/nodes.md#headers.
 */
export class DashboardClient {
  // Go keeps two idle connections a host.
  private readonly agent = new Agent({ keepAlive: true, maxFreeSockets: 2 });
  private turn = 0;
  private closed = false;

  constructor(
    private readonly settings: NodeSettings,
    private readonly identity: NodeIdentity,
  ) {}

  /**
   * Sends one call with the node id and nonce of this moment.
   *
   * @throws NodeStopped after `close`, and any network error; a reply of any status is not an error
   */
  async call(call: NodeCall): Promise<DashboardReply> {
    if (this.closed) throw new NodeStopped();
    const outgoing: Outgoing = {
      url: this.nextDashboard() + paths[call],
      method: call === 'deregister' ? this.settings.behaviour.deregisterMethod : 'GET',
      headers: this.headersOf(call),
    };
    try {
      return await this.send(outgoing, true);
    } catch (error) {
      // It may have been closed while the call was under way.
      throw this.isClosed() ? new NodeStopped() : error;
    }
  }

  /** Drops every connection at once; calls under way end with NodeStopped. */
  close(): void {
    this.closed = true;
    this.agent.destroy();
  }

  private isClosed(): boolean {
    return this.closed;
  }

  private nextDashboard(): string {
    const { dashboardUrls } = this.settings;
    const url = dashboardUrls[this.turn % dashboardUrls.length] ?? '';
    this.turn += 1;
    return url;
  }

  private headersOf(call: NodeCall): Record<string, string> {
    const { behaviour, nodeSecret, hostname } = this.settings;
    const { nodeId, nonce, sessionId } = this.identity;
    const isFetch = call === 'policies' || call === 'apis';
    const withSession =
      behaviour.sessionIdOn === 'everything' || (behaviour.sessionIdOn === 'registration' && !isFetch);
    return {
      'User-Agent': 'Go-http-client/1.1',
      Authorization: nodeSecret,
      ...(isFetch ? {} : { 'X-Tyk-Hostname': hostname }),
      ...(call === 'register' ? {} : { 'X-Tyk-Nodeid': nodeId, 'X-Tyk-Nonce': nonce }),
      ...(withSession ? { 'X-Tyk-Session-Id': sessionId } : {}),
      'Accept-Encoding': 'gzip',
    };
  }

  private send(outgoing: Outgoing, mayRepeat: boolean): Promise<DashboardReply> {
    return new Promise((resolve, reject) => {
      const { url, method, headers } = outgoing;
      let answered = false;
      let late = false;
      const call = request(url, { method, headers, agent: this.agent }, (response) => {
        answered = true;
        readBody(response)
          .then((body) => {
            resolve({ status: response.statusCode ?? 0, body });
          })
          .catch(reject)
          .finally(() => {
            clearTimeout(timer);
          });
      });
      const timer = setTimeout(() => {
        late = true;
        call.destroy(new Error(`no answer from ${url} within ${this.settings.requestTimeoutMs} ms`));
      }, this.settings.requestTimeoutMs);
      // Go relies on HTTP/1.1 keeping connections open and does not say so in a header.
      call.removeHeader('connection');
      call.on('error', (error) => {
        if (answered) return; // reading the body fails with it
        clearTimeout(timer);
        // A kept connection that the server closed meanwhile: Go asks once more on a fresh one.
        if (mayRepeat && call.reusedSocket && !late && !this.closed) resolve(this.send(outgoing, false));
        else reject(error);
      });
      call.end();
    });
  }
}
