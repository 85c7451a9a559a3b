import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { type ConfigurationChanged, REDIS, toTransportMessage, transportEvents } from '@castellan/delivery';
import { KeyStore } from '@castellan/keys';
import { LOGGER, type Logger } from '@castellan/observability';
import { withoutRepeats, type Effect } from '@castellan/persistence';
import { isNotificationCommand, NOTIFICATION_CHANNEL, signNotification } from '@castellan/tyk';

/** Tells host managers and nodes over Redis that something changed. Hints only: who misses one finds out otherwise. */
@Injectable()
export class Signals {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    private readonly keys: KeyStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Publishes one transport event for each change, and one signed message for each effect, in their order. Who has a
   * reload among them has asked {@link Serving} before.
   *
   * @throws when Redis did not take all of it
   */
  async publish(events: readonly ConfigurationChanged[], effects: readonly Effect[]): Promise<void> {
    const { nodeSecret } = this.config;
    const pipeline = this.redis.pipeline();
    for (const event of events) {
      pipeline.publish(
        transportEvents.configurationChanged,
        toTransportMessage(transportEvents.configurationChanged, event),
      );
    }
    const messages = withoutRepeats(effects).flatMap(({ command, payload }) => {
      if (isNotificationCommand(command)) return [signNotification({ command, payload, nodeSecret })];
      this.logger.error({ command }, 'No gateway knows this command; it was not sent');
      return [];
    });
    // Gateways listen to the Redis that they keep keys in.
    const isElsewhere = this.config.keysRedisUrl !== '' && this.config.keysRedisUrl !== this.config.redisUrl;
    if (isElsewhere) await this.keys.publish(messages);
    else for (const message of messages) pipeline.publish(NOTIFICATION_CHANNEL, message);
    if (pipeline.length === 0) return;
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error !== null) throw error;
  }
}
