import { Agent, request } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** A reply of the node plane, with its bytes as they came. */
export interface NodeReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  /** The body, decompressed where it was compressed. */
  readonly text: string;
  /** `Nonce` of the body; empty when there is none. */
  readonly nonce: string;
  /** `Message` of the body. */
  readonly message: unknown;
}

/** What a call shows; what is left out is not sent. */
export interface Shown {
  readonly id?: string;
  readonly nonce?: string;
  readonly secret?: string;
  readonly hostname?: string;
  readonly gzip?: boolean;
  readonly body?: string;
}

/**
 * The node plane, one call at a time, with every header in the test's hand (docs/tyk/nodes.md#headers,
 * docs/tyk/nodes.md#calls).
 */
export class RawNode {
  private constructor(
    private readonly url: string,
    private readonly secret: string,
    readonly id: string,
    /** The nonces that the node has received, oldest first. */
    readonly nonces: string[],
  ) {}

  /** @throws when the registration is refused */
  static async register(url: string, secret: string, hostname = 'raw-node'): Promise<RawNode> {
    const reply = await callNodePlane(url, 'GET', '/register/node', { secret, hostname });
    const id = fieldOf(reply.message, 'NodeID');
    if (reply.status !== 200 || id === '') throw new Error(`Registration answered ${reply.status}: ${reply.text}`);
    return new RawNode(url, secret, id, [reply.nonce]);
  }

  /** Calls with the last nonce, or with whatever else is to be shown, and keeps the nonce of the reply. */
  async call(method: string, path: string, shown: Shown = {}): Promise<NodeReply> {
    const { id, secret } = this;
    const nonce = this.nonces.at(-1) ?? '';
    const reply = await callNodePlane(this.url, method, path, { id, secret, nonce, ...shown });
    if (reply.nonce !== '') this.nonces.push(reply.nonce);
    return reply;
  }

  get(path: string, shown?: Shown): Promise<NodeReply> {
    return this.call('GET', path, shown);
  }

  ping(shown?: Shown): Promise<NodeReply> {
    return this.call('GET', '/register/ping', shown);
  }
}

const headersOf = ({ id, nonce, secret, hostname, gzip = false, body }: Shown): Record<string, string> => ({
  ...(secret === undefined ? {} : { authorization: secret }),
  ...(id === undefined ? {} : { 'x-tyk-nodeid': id }),
  ...(nonce === undefined ? {} : { 'x-tyk-nonce': nonce }),
  ...(hostname === undefined ? {} : { 'x-tyk-hostname': hostname }),
  ...(gzip ? { 'accept-encoding': 'gzip' } : {}),
  ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
});

/** Gateways keep their connections, too. */
const agent = new Agent({ keepAlive: true });

/** One call of the node plane, by anybody. */
export const callNodePlane = async (url: string, method: string, path: string, shown: Shown): Promise<NodeReply> => {
  const bytes: Buffer[] = [];
  const { status, headers } = await new Promise<Pick<NodeReply, 'status' | 'headers'>>((resolve, reject) => {
    const call = request(`${url}${path}`, { method, headers: headersOf(shown), agent }, (response) => {
      response.on('data', (chunk: Buffer) => bytes.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers });
      });
    });
    call.on('error', reject);
    call.end(shown.body);
  });
  const body = Buffer.concat(bytes);
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
  const json = parse(text);
  return { status, headers, bytes: body, text, nonce: fieldOf(json, 'Nonce'), message: valueOf(json, 'Message') };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const valueOf = (object: unknown, field: string): unknown =>
  typeof object === 'object' && object !== null
    ? new Map<string, unknown>(Object.entries(object)).get(field)
    : undefined;

const fieldOf = (object: unknown, field: string): string => {
  const value = valueOf(object, field);
  return typeof value === 'string' ? value : '';
};
