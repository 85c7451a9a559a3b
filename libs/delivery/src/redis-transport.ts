import type { INestApplication } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { Logger } from '@castellan/observability';
import { REDIS } from './redis.module';

/** The same Redis as options of Nest's transport, which reconnects for ever only when told to. */
export const redisTransportOptions = (
  redisUrl: string,
): { host: string; port: number; retryAttempts: number; retryDelay: number; db: number } & Record<string, unknown> => {
  const url = new URL(redisUrl);
  return {
    host: url.hostname,
    port: Number(url.port === '' ? '6379' : url.port),
    db: Number(url.pathname.slice(1) === '' ? '0' : url.pathname.slice(1)),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    retryAttempts: Number.MAX_SAFE_INTEGER,
    retryDelay: 500,
  };
};

/**
 * Starts listening to transport events as soon as Redis is there. Nest's consumer stays deaf when its first connection
 * fails, so it is begun only on a Redis that answers.
 */
export const startTransport = (app: INestApplication, logger: Logger): void => {
  const redis = app.get<Redis>(REDIS);
  const begin = (): void => {
    app.startAllMicroservices().catch((error: unknown) => {
      logger.error({ err: error }, 'Transport events cannot be received');
      redis.once('ready', begin);
    });
  };
  if (redis.status === 'ready') begin();
  else redis.once('ready', begin);
};
