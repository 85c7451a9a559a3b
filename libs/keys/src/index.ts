export { KeyStore, NO_TEXT, type ScanPage, type ScanPlace } from './key-store';
export { connectRedis, type KeyRedis } from './redis/connect';
export { BadRedisUrl, parseRedisUrl, type RedisDeployment } from './redis/deployment';
