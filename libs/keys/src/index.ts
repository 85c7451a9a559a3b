export { CertificateVault, textDigest } from './certificate-vault';
export { KeyStore, NO_TEXT, type ScanPage, type ScanPlace } from './key-store';
export { OAuthVault, type ClientPlace, type ClientToken, type EndingToken } from './oauth-vault';
export { refusedTo } from './permissions';
export { connectRedis, mastersOf, type KeyRedis } from './redis/connect';
export { BadRedisUrl, parseRedisUrl, type RedisDeployment } from './redis/deployment';
