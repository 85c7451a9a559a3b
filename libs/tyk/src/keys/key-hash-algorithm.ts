/** Names of the functions a gateway can store keys under (docs/tyk/keys.md#hashes). */
export const KEY_HASH_ALGORITHMS = ['murmur32', 'murmur64', 'murmur128', 'sha256'] as const;

export type KeyHashAlgorithm = (typeof KEY_HASH_ALGORITHMS)[number];
