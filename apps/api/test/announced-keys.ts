import { Redis } from 'ioredis';
import { NOTIFICATION_CHANNEL, verifyNotification } from '@castellan/tyk';
import type { ApiUnderTest } from './api-under-test';

/** Listens, as nodes do, for the names of keys that have changed. */
export class AnnouncedKeys {
  /** In the order in which they were told. */
  readonly names: string[] = [];

  private constructor(private readonly subscriber: Redis) {}

  static async of({ config: { redisUrl, nodeSecret } }: ApiUnderTest): Promise<AnnouncedKeys> {
    const announced = new AnnouncedKeys(new Redis(redisUrl));
    announced.subscriber.on('message', (_channel: string, message: string) => {
      const read = verifyNotification(message, nodeSecret);
      if (read.ok && read.command === 'KeySpaceUpdateNotification') announced.names.push(...read.payload.split(','));
    });
    await announced.subscriber.subscribe(NOTIFICATION_CHANNEL);
    return announced;
  }

  stop(): void {
    this.subscriber.disconnect();
  }
}
