import { plainRequest, type PlainAnswer } from './plain-request';

/** A reply as tests look at it. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; a test that expects another shape fails on its assertions. */
  readonly json: JsonReply;
}

/** JSON of a shape that only the test knows. A value is read with {@link textOf}, {@link numberOf} or {@link listOf}. */
export interface JsonReply {
  readonly [field: string]: JsonReply;
}

/** @throws when the value is no text */
export const textOf = (value: unknown): string => {
  if (typeof value !== 'string') throw new Error(`Expected text, got ${JSON.stringify(value)}`);
  return value;
};

/** @throws when the value is no number */
export const numberOf = (value: unknown): number => {
  if (typeof value !== 'number') throw new Error(`Expected a number, got ${JSON.stringify(value)}`);
  return value;
};

/** @throws when the value is no list */
export const listOf = (value: unknown): readonly JsonReply[] => {
  if (!Array.isArray(value)) throw new Error(`Expected a list, got ${JSON.stringify(value)}`);
  return value as JsonReply[];
};

/** The body of a reply together with the version that its `ETag` names, for tests that look at both. */
export const withVersion = ({ json, headers }: Reply): JsonReply => {
  const version: unknown = Number(/^"(\d+)"$/.exec(headers.get('etag') ?? '')?.[1]);
  return { ...json, version: version as JsonReply };
};

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON; text, bytes and forms are as they are. */
  readonly body?: unknown;
}

/** A call and what came of it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as it was sent, as far as it was text. */
  readonly sent: string;
}

/** Looks at everything that a client was answered. */
export interface Observer {
  /** @throws to fail the call */
  check(exchange: Exchange): void;
}

/** Calls one server with the same headers each time. */
export class HttpClient {
  /** @param observers look at every reply, and may fail the call */
  constructor(
    readonly baseUrl: string,
    private readonly headers: Readonly<Record<string, string>> = {},
    private readonly observers: readonly Observer[] = [],
  ) {}

  with(headers: Readonly<Record<string, string>>): HttpClient {
    return new HttpClient(this.baseUrl, { ...this.headers, ...headers }, this.observers);
  }

  async call(method: string, path: string, { headers = {}, body }: Call = {}): Promise<Reply> {
    const content = body === undefined || isReady(body) ? body : JSON.stringify(body);
    const answer = await answerTo(`${this.baseUrl}${path}`, method, { ...this.headers, ...headers }, content);
    const { text } = answer;
    const sent = typeof content === 'string' ? content : '';
    for (const observer of this.observers) observer.check({ method, path, ...answer, sent });
    return { ...answer, json: parse(text) };
  }

  get(path: string, call?: Call): Promise<Reply> {
    return this.call('GET', path, call);
  }

  post(path: string, body?: unknown, call?: Call): Promise<Reply> {
    return this.call('POST', path, { ...call, body });
  }

  put(path: string, body?: unknown, call?: Call): Promise<Reply> {
    return this.call('PUT', path, { ...call, body });
  }

  patch(path: string, body?: unknown, call?: Call): Promise<Reply> {
    return this.call('PATCH', path, { ...call, body });
  }

  delete(path: string, call?: Call): Promise<Reply> {
    return this.call('DELETE', path, call);
  }
}

type Content = string | FormData | Uint8Array<ArrayBuffer> | undefined;

/** Longer texts may be refused while they are sent, which is left to `fetch`. */
const short = 16_384;

const answerTo = async (
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  content: Content,
): Promise<PlainAnswer> => {
  if (content === undefined || (typeof content === 'string' && content.length < short))
    return plainRequest(url, method, headers, content);
  const response = await fetch(url, { method, redirect: 'manual', headers, body: content });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

const isReady = (body: unknown): body is string | FormData | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof FormData || body instanceof Uint8Array;

const parse = (text: string): JsonReply => {
  try {
    return JSON.parse(text) as JsonReply;
  } catch {
    // Not every reply is JSON; a test that reads a field of it sees `undefined`.
    return {};
  }
};
