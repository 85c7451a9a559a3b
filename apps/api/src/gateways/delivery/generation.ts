import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { nodeListPieces } from '@castellan/tyk';

const compress = promisify(gzip);

/** One list that nodes load, ready to be sent: only the nonce of the node that asked is missing at its end. */
export interface NodeList {
  /** sha256 of what nodes load, hex: two nodes that were served the same hash run the same. */
  readonly hash: string;
  readonly count: number;
  /** The reply up to, and without, the nonce. */
  readonly plain: Buffer;
  /** The same as a gzip member of its own; gateways read replies made of several (docs/tyk/nodes.md#compression). */
  readonly gzip: Buffer;
}

/** One state of everything that nodes load: what a node is assigned, and served. */
export interface Generation {
  /** The name that the host manager knows it by, too. */
  readonly name: string;
  readonly apis: NodeList;
  readonly policies: NodeList;
  /** Ids of the organisations that have APIs among these. */
  readonly organisations: ReadonlySet<string>;
}

/** After so many items everybody else gets a turn: a long list in one go would hold up the process. */
const turn = 200;

/** @param items JSON texts in the order in which nodes are to get them */
export const toNodeList = async (items: readonly string[]): Promise<NodeList> => {
  const hash = createHash('sha256');
  const pieces: Buffer[] = [];
  for (const text of nodeListPieces(items, turn)) {
    const piece = Buffer.from(text);
    hash.update(piece);
    pieces.push(piece);
    await nextTurn();
  }
  const plain = Buffer.concat(pieces);
  return { hash: hash.digest('hex'), count: items.length, plain, gzip: await compress(plain) };
};
