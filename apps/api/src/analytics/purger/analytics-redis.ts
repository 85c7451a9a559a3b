import { Injectable, Inject, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { connectRedis, parseRedisUrl, type KeyRedis } from '@castellan/keys';
import { LOGGER, type Logger } from '@castellan/observability';
import { BatchQueue } from './batch-queue';

/** The Redis that gateways put their records in. A connection of its own, so that no request waits behind a thousand records. */
@Injectable()
export class AnalyticsRedis implements OnApplicationShutdown {
  private opened: { readonly redis: KeyRedis; readonly queue: BatchQueue } | null = null;

  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** It connects when it is asked for first. */
  get queue(): BatchQueue {
    this.opened ??= this.open();
    return this.opened.queue;
  }

  onApplicationShutdown(): void {
    this.opened?.redis.disconnect();
  }

  private open(): { readonly redis: KeyRedis; readonly queue: BatchQueue } {
    const { analyticsRedisUrl, keysRedisUrl, redisUrl } = this.config;
    const { keysSentinelUsername: username, keysSentinelPassword: password } = this.config;
    const url = [analyticsRedisUrl, keysRedisUrl].find((one) => one !== '') ?? redisUrl;
    const deployment = parseRedisUrl(url);
    const redis = connectRedis(deployment, this.logger, { username, password });
    return { redis, queue: new BatchQueue(redis, deployment.kind !== 'single') };
  }
}
