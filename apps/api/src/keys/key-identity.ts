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
import { plainDigest } from './key-places';

/** A key that is about to be made. */
export interface NewKey {
  readonly token: string;
  /** What clients may send beside the token. */
  readonly id?: string;
  readonly names: KeyNames;
  /** Whether nobody can have a key under the same names: neither was the id chosen nor can the hashes of two tokens meet. */
  readonly isUnique: boolean;
}

type Hashing = Pick<ApiConfig, 'hashKeyFunction' | 'hashKeys'>;

const algorithmOf = ({ hashKeyFunction }: Hashing): KeyHashAlgorithm | undefined =>
  hashKeyFunction === 'none' ? undefined : hashKeyFunction;

/**
 * What an operator should know of how keys are hashed (docs/tyk/keys.md#hashes); null where nothing is wrong with it. Where keys are
 * not hashed, nodes compare whole tokens whatever the function is.
 */
export function hashingNote({ hashKeyFunction, hashKeys }: Hashing): string | null {
  if (!hashKeys || !['murmur32', 'none'].includes(hashKeyFunction)) return null;
  return `CASTELLAN_HASH_KEY_FUNCTION=${hashKeyFunction} has gateways know keys by 32 bits: two keys can meet in them, and a token opens with up to three more characters at its end, too. sha256 and murmur128 are safe.`;
}

/** A key with a token that nobody has had. */
export function generatedKey(
  organisation: string,
  config: Hashing,
  id: string = randomBytes(16).toString('hex'),
): NewKey {
  const token = generateToken(organisation, id, algorithmOf(config));
  const isUnique = !config.hashKeys || ['murmur128', 'sha256'].includes(config.hashKeyFunction);
  return { token, names: keyNames({ token }, config.hashKeys), isUnique };
}

/** A key whose id somebody has chosen; clients send the id or the token. */
export function chosenKey(organisation: string, id: string, config: Hashing): NewKey {
  const own = ownKeyId(id, organisation);
  const token = generateToken(organisation, own, algorithmOf(config));
  return { token, id: own, names: keyNames({ token, id: own }, config.hashKeys), isUnique: false };
}

/**
 * A key whose token no client sends: of a user of basic authentication, by the name, or of whoever shows a certificate, by its
 * fingerprint. Nodes make the token themselves, in the form that they are set to, so the key lies under the names of all forms.
 * What they have read they keep for seconds: old ones under the name of the form, those from 5.0 on under the bare name.
 */
export function keyOfNodes(organisation: string, id: string, config: Hashing): NewKey {
  const token = generateToken(organisation, id, algorithmOf(config));
  const made = KEY_HASH_ALGORITHMS.flatMap((one) => tokenOf(organisation, id, one));
  const names = [token, generateToken(organisation, id), ...made].map((one) =>
    keyNames({ token: one }, config.hashKeys),
  );
  const [main = '', ...copies] = new Set(names.map((one) => one.main));
  const cached = [...names, keyNames({ token: id }, config.hashKeys)];
  const announced = [...new Set(cached.flatMap((one) => one.announced))];
  return { token, names: { main, copies, announced }, isUnique: false };
}

/**
 * What nodes may keep a key under that is known by its hash alone, for somebody who has its token or id at hand: nothing leads
 * back from a hash.
 *
 * @param stored the names of the key in Redis
 */
export function namesHeardIn(organisation: string, text: string, stored: readonly string[]): string[] {
  const leading = tokensOf(organisation, text, ownKeyId(text, organisation)).filter((one) =>
    stored.includes(hashKey(one)),
  );
  const texts = leading.length === 0 ? [] : [...leading, text];
  return [...new Set(texts.flatMap((token) => keyNames({ token }, true).announced))];
}

/** Every hash that a text may lead to, as a token, a chosen id in any form of token, or a hash itself. */
export function hashesOf(organisation: string, text: string, onlyHash = false): string[] {
  const asHash = isKeyHash(text) ? [text] : [];
  if (onlyHash) return asHash;
  const tokens = tokensOf(organisation, text, ownKeyId(text, organisation));
  return [...new Set([...tokens.flatMap((token) => [hashKey(token), plainDigest(token)]), ...asHash])];
}

/** A text as a token, and as a chosen id in any form of token. */
function tokensOf(organisation: string, text: string, own: string): string[] {
  const made = KEY_HASH_ALGORITHMS.flatMap((one) => tokenOf(organisation, own, one));
  return [text, generateToken(organisation, own), ...made];
}

function tokenOf(organisation: string, id: string, algorithm: KeyHashAlgorithm): string[] {
  try {
    return [generateToken(organisation, id, algorithm)];
  } catch {
    // An id with quotes stands in no token.
    return [];
  }
}

/** Every name in Redis that a text may lead to, without the prefix. */
export function namesOf(organisation: string, text: string, onlyHash = false): string[] {
  if (onlyHash) return isKeyHash(text) ? [text] : [];
  const own = ownKeyId(text, organisation);
  const tokens = tokensOf(organisation, text, own);
  return [...new Set([...tokens.map((token) => hashKey(token)), ...(isKeyHash(text) ? [text] : []), ...tokens])];
}
