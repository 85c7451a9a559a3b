import { hash } from 'node:crypto';
import type { KeyHashAlgorithm } from './key-hash-algorithm';
import { murmur128, murmur64, tykMurmur32 } from './murmur';
import { tokenAlgorithm } from './token';

const FUNCTIONS: Record<KeyHashAlgorithm, (input: Uint8Array) => string> = {
  murmur32: tykMurmur32,
  murmur64,
  murmur128,
  sha256: (input) => hash('sha256', input, 'hex'),
};

/** Hex digest of a text's UTF-8 bytes with one of Tyk's functions. */
export function hashText(text: string, algorithm: KeyHashAlgorithm): string {
  return FUNCTIONS[algorithm](Buffer.from(text));
}

/**
 * The hash under which gateways with `hash_keys` store a token (`apikey-<hash>`, docs/tyk/keys.md#hashes). The
 * algorithm a JSON token names wins; for every other token gateways use murmur32, whatever `hash_key_function` says,
 * because that setting only decides the form of tokens they generate. Give `algorithm` only to hash something gateways
 * do not look up that way.
 */
export function hashKey(token: string, algorithm: KeyHashAlgorithm = 'murmur32'): string {
  return hashText(token, tokenAlgorithm(token) ?? algorithm);
}

const HASH_LENGTHS = new Set([8, 16, 32, 64]);

/** Whether a text has the form of a hash that nodes store keys under. */
export function isKeyHash(text: string): boolean {
  return HASH_LENGTHS.has(text.length) && /^[0-9a-f]+$/.test(text);
}
