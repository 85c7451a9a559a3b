import { Redis } from 'ioredis';
import { type SignalSource, signalChannel } from './signals';

/**
 * `tyk.cluster.notifications` on a real Redis. A lost connection is tried again after `retryMs`, as long as a gateway
 * waits; what is published meanwhile never arrives.
 */
export class RedisSignals implements SignalSource {
  private readonly subscriber: Redis;
  private publisher: Redis | undefined;
  private lastError: Error | undefined;

  constructor(
    private readonly url: string,
    retryMs: number,
  ) {
    this.subscriber = new Redis(url, {
      lazyConnect: true,
      maxRetriesPerRequest: null,
      retryStrategy: () => retryMs,
      // ioredis keeps the process alive this long after it was told to leave a server that is not there.
      disconnectTimeout: 100,
    });
    // ioredis reports what it retries as an event; without a listener it would print it.
    this.subscriber.on('error', (error: Error) => {
      this.lastError = error;
    });
  }

  get connected(): boolean {
    return this.subscriber.status === 'ready';
  }

  async subscribe(listener: (message: string) => void): Promise<void> {
    this.subscriber.on('message', (channel: string, message: string) => {
      if (channel === signalChannel) listener(message);
    });
    const lost = new Promise<never>((_resolve, reject) => {
      this.subscriber.once('close', () => {
        reject(this.lastError ?? new Error('the connection was closed'));
      });
    });
    lost.catch(() => undefined); // only the race below cares
    const subscribed = this.subscriber.subscribe(signalChannel);
    subscribed.catch(() => undefined); // closing while it still waits for a connection
    await Promise.race([subscribed, lost]);
  }

  async publish(message: string): Promise<void> {
    this.publisher ??= new Redis(this.url, { maxRetriesPerRequest: 1 }).on('error', () => undefined);
    await this.publisher.publish(signalChannel, message);
  }

  close(): Promise<void> {
    this.subscriber.disconnect();
    this.publisher?.disconnect();
    return Promise.resolve();
  }
}
