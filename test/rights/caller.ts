import type { ApiUnderTest } from '../../apps/api/test/api-under-test';
import { exampleBodyOf, pathWith, type PublishedOperation } from '../support/published-operations';

export interface Answer {
  readonly status: number;
  readonly headers: string;
  readonly text: string;
}

/** What a call says beside the operation. */
export interface Said {
  /** Values of the names in the path; examples stand for the others. */
  readonly names?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  /** The example of the document when left out. */
  readonly body?: unknown;
}

export type Caller = (operation: PublishedOperation, said?: Said) => Promise<Answer>;

type Headers = Readonly<Record<string, string>>;

/** Calls operations of the document, always with the same credentials. */
export const callerOf = (api: ApiUnderTest, credentials: Headers = {}): Caller => {
  const client = api.watched(credentials);
  return async (operation, { names = {}, query = {}, body = exampleBodyOf(operation) } = {}) => {
    const asked = new URLSearchParams(query).toString();
    const path = `${pathWith(operation, names)}${asked === '' ? '' : `?${asked}`}`;
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const { status, headers, text } = await client.call(operation.method, path, { headers: type, body });
    return { status, headers: JSON.stringify([...headers]), text };
  };
};

const atOnce = 8;

/** Does something for each, some at a time, and gives what came of it in order. */
export const forEachOf = async <T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> => {
  const results: R[] = [];
  for (let first = 0; first < all.length; first += atOnce) {
    results.push(...(await Promise.all(all.slice(first, first + atOnce).map(work))));
  }
  return results;
};
