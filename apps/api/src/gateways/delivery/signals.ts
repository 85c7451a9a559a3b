import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { toTransportMessage, transportEvents, type ConfigurationChanged } from '@castellan/dto';
import { REDIS } from '@castellan/persistence';
import { NOTIFICATION_CHANNEL, RELOAD_COMMANDS, signNotification, type ReloadCommand } from '@castellan/tyk';

const isReload = (command: string): command is ReloadCommand => RELOAD_COMMANDS.some((known) => known === command);

/** Tells host managers and nodes over Redis that something changed. Hints only: who misses one finds out otherwise. */
@Injectable()
export class Signals {
  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * Publishes one transport event for each change and one signed message for each distinct command.
   *
   * @throws when Redis did not take all of it
   */
  async publish(events: readonly ConfigurationChanged[], commands: readonly string[]): Promise<void> {
    const { nodeSecret } = this.config;
    const pipeline = this.redis.pipeline();
    for (const event of events) {
      pipeline.publish(
        transportEvents.configurationChanged,
        toTransportMessage(transportEvents.configurationChanged, event),
      );
    }
    for (const command of new Set(commands.filter(isReload))) {
      pipeline.publish(NOTIFICATION_CHANNEL, signNotification({ command, nodeSecret }));
    }
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error !== null) throw error;
  }
}
