export * from './key-hash-algorithm';
export * from './key-hash';
export * from './murmur';
export * from './token';
