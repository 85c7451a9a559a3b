import { randomBytes } from 'node:crypto';
import type { ApiConfig } from '@castellan/config';
import {
  generateToken,
  hashKey,
  isKeyHash,
  KEY_HASH_ALGORITHMS,
  keyNames,
  ownKeyId,
  type KeyHashAlgorithm,
  type KeyNames,
} from '@castellan/tyk';

/** A key that is about to be made. */
export interface NewKey {
  readonly token: string;
  /** What clients may send beside the token. */
  readonly id?: string;
  readonly names: KeyNames;
}

const algorithmOf = ({ hashKeyFunction }: Pick<ApiConfig, 'hashKeyFunction'>): KeyHashAlgorithm | undefined =>
  hashKeyFunction === 'none' ? undefined : hashKeyFunction;

/** A key with a token that nobody has had. */
export function generatedKey(organisation: string, config: Pick<ApiConfig, 'hashKeyFunction'>): NewKey {
  const token = generateToken(organisation, randomBytes(16).toString('hex'), algorithmOf(config));
  return { token, names: keyNames({ token }, true) };
}

/** A key whose id somebody has chosen; clients send the id or the token. */
export function chosenKey(organisation: string, id: string, config: Pick<ApiConfig, 'hashKeyFunction'>): NewKey {
  const own = ownKeyId(id, organisation);
  const token = generateToken(organisation, own, algorithmOf(config));
  return { token, id: own, names: keyNames({ token, id: own }, true) };
}

/** A user of basic authentication: nodes put the organisation in front of the name, so nobody sends the name alone. */
export function userKey(organisation: string, username: string, config: Pick<ApiConfig, 'hashKeyFunction'>): NewKey {
  const token = generateToken(organisation, username, algorithmOf(config));
  return { token, names: keyNames({ token }, true) };
}

/** Every hash that a text may lead to, as a token, a chosen id in any form of token, or a hash itself. */
export function hashesOf(organisation: string, text: string, onlyHash = false): string[] {
  const asHash = isKeyHash(text) ? [text] : [];
  if (onlyHash) return asHash;
  const own = ownKeyId(text, organisation);
  const tokens = [
    text,
    generateToken(organisation, own),
    ...KEY_HASH_ALGORITHMS.flatMap((one) => tokenOf(organisation, own, one)),
  ];
  return [...new Set([...tokens.map((token) => hashKey(token)), ...asHash])];
}

function tokenOf(organisation: string, id: string, algorithm: KeyHashAlgorithm): string[] {
  try {
    return [generateToken(organisation, id, algorithm)];
  } catch {
    // An id with quotes stands in no token.
    return [];
  }
}
