import { Global, Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import {
  CertificateVault,
  connectRedis,
  KeyStore,
  OAuthVault,
  parseRedisUrl,
  refusedTo,
  type KeyRedis,
} from '@castellan/keys';
import { Health, LOGGER, type Logger } from '@castellan/observability';
import { hashingNote } from './key-identity';
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
export class KeyRedisModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(KEY_REDIS) private readonly redis: KeyRedis,
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly health: Health,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** With each new connection, too: accounts change, and another server may know them otherwise. */
  onModuleInit(): void {
    const check = (): void => {
      void this.sayRefused();
    };
    this.redis.on('ready', check);
    if (this.redis.status === 'ready') check();
    const note = hashingNote(this.config);
    if (note === null) return;
    this.logger.warn(note);
    this.health.detail('keys', () => ({ warning: note }));
  }

  private async sayRefused(): Promise<void> {
    try {
      const refused = await refusedTo(this.redis);
      if (refused.length > 0)
        this.logger.error({ refused }, 'The account for the Redis of the nodes may not do all that keys need');
    } catch {
      // It is gone again, and the connection says so itself.
    }
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
