import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { CertificateVault, connectRedis, KeyStore, OAuthVault, parseRedisUrl, type KeyRedis } from '@castellan/keys';
import { LOGGER, type Logger } from '@castellan/observability';
import { OrganisationSessions } from './organisation-sessions';

/** Injection token of the connection to the Redis that nodes keep their keys in. */
const KEY_REDIS = Symbol('KEY_REDIS');

const connect = (config: ApiConfig, logger: Logger): KeyRedis => {
  const { keysRedisUrl, redisUrl, keysSentinelUsername: username, keysSentinelPassword: password } = config;
  return connectRedis(parseRedisUrl(keysRedisUrl === '' ? redisUrl : keysRedisUrl), logger, { username, password });
};

/** The key store, in whichever Redis the nodes have it. The process starts without it, too. */
@Global()
@Module({
  providers: [
    OrganisationSessions,
    { provide: KEY_REDIS, inject: [CONFIG, LOGGER], useFactory: connect },
    {
      provide: KeyStore,
      inject: [KEY_REDIS, CONFIG],
      useFactory: (redis: KeyRedis, { nodeSecret }: ApiConfig) => new KeyStore(redis, nodeSecret),
    },
    { provide: CertificateVault, inject: [KEY_REDIS], useFactory: (redis: KeyRedis) => new CertificateVault(redis) },
    {
      provide: OAuthVault,
      inject: [KEY_REDIS, KeyStore],
      useFactory: (redis: KeyRedis, keys: KeyStore) => new OAuthVault(redis, keys),
    },
  ],
  exports: [KEY_REDIS, KeyStore, CertificateVault, OAuthVault, OrganisationSessions],
})
export class KeyRedisModule implements OnApplicationShutdown {
  constructor(@Inject(KEY_REDIS) private readonly redis: KeyRedis) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
