import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Redis } from 'ioredis';
import { CONFIG, type CommonConfig } from '@castellan/config';
import { LOGGER, type Logger } from '@castellan/observability';

/** Injection token of the process's Redis connection. */
export const REDIS = Symbol('REDIS');

/** Everything Castellan keeps in Redis for itself begins so; the gateways' own keys do not. */
export const redisKey = (...parts: readonly string[]): string => ['castellan', ...parts].join(':');

const longestRetryMs = 1_000;

const connect = ({ redisUrl }: CommonConfig, logger: Logger): Redis => {
  const redis = new Redis(redisUrl, {
    // A command that cannot run now fails now: the caller answers 503 instead of hanging.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
    commandTimeout: 5_000,
    retryStrategy: (times) => Math.min(times * 50, longestRetryMs),
  });
  redis.on('error', (error: Error) => {
    logger.warn({ err: error }, 'Redis connection failed');
  });
  redis.on('ready', () => {
    logger.info('Connected to Redis');
  });
  return redis;
};

/** One Redis connection that finds its way back by itself. The process starts without it and says so on readiness. */
@Global()
@Module({
  providers: [{ provide: REDIS, inject: [CONFIG, LOGGER], useFactory: connect }],
  exports: [REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly redis: Redis) {}

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }
}
