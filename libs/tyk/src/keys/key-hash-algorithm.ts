/** Names of the functions a gateway can store keys under (reference 5.2). */
export const KEY_HASH_ALGORITHMS = ['murmur32', 'murmur64', 'murmur128', 'sha256'] as const;

export type KeyHashAlgorithm = (typeof KEY_HASH_ALGORITHMS)[number];
