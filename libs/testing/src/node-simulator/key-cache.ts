import type { Redis } from 'ioredis';
import {
  hashKey,
  hashText,
  NOTIFICATION_CHANNEL,
  readSession,
  sessionName,
  signNotification,
  verifyNotification,
  type Session,
} from '@castellan/tyk';

/** How a generation keeps sessions in its memory. */
export type CacheGeneration = '3.1' | '5.2';

export interface KeyCacheOptions {
  readonly redis: Redis;
  readonly nodeSecret: string;
  readonly generation: CacheGeneration;
  /** How long a session is kept, in milliseconds; real nodes keep it for 10 seconds. */
  readonly cacheMs: number;
  /** The time, in milliseconds. */
  readonly now: () => number;
  /** False for a node that messages do not reach. */
  readonly hears?: boolean;
}

/** A call that has passed the check of its key and has not been answered yet. */
export interface CallUnderWay {
  readonly admitted: boolean;
  /** The end of a call that began a new quota period: the node writes the whole session back as it has it. */
  writeBack(): Promise<void>;
}

/**
 * The part of a node that keeps sessions: it reads them from Redis, holds them for some seconds, drops what it is told to, and
 * writes them back whole when a quota period begins, from its own copy. That is how it undoes changes that it has not
 * heard of.
 */
export class KeyCache {
  private readonly entries = new Map<string, { readonly session: Session; readonly until: number }>();

  constructor(private readonly options: KeyCacheOptions) {}

  /** A message of the channel, as every node gets it. */
  hear(message: string): void {
    const { nodeSecret, hears = true } = this.options;
    const notification = verifyNotification(message, nodeSecret);
    if (!hears || !notification.ok || notification.command !== 'KeySpaceUpdateNotification') return;
    for (const name of notification.payload.split(',')) this.entries.delete(name);
  }

  /** The check of a key at the beginning of a call. */
  async begin(token: string): Promise<CallUnderWay> {
    const session = this.cached(token) ?? (await this.fetch(token));
    if (session === undefined || session['is_inactive'] === true)
      return { admitted: false, writeBack: () => Promise.resolve() };
    return { admitted: true, writeBack: () => this.writeBack(token, session) };
  }

  private cached(token: string): Session | undefined {
    const entry = this.entries.get(this.cacheName(token));
    return entry !== undefined && entry.until > this.options.now() ? entry.session : undefined;
  }

  private async fetch(token: string): Promise<Session | undefined> {
    const text = await this.options.redis.get(sessionName(hashKey(token)));
    const session = text === null ? undefined : readSession(text);
    if (session !== undefined) this.keep(this.cacheName(token), session);
    return session;
  }

  private keep(name: string, session: Session): void {
    this.entries.set(name, { session, until: this.options.now() + this.options.cacheMs });
  }

  /** Both generations announce and keep it under the stored hash, though 5.2 looks under another name. */
  private async writeBack(token: string, session: Session): Promise<void> {
    const { redis, nodeSecret, now } = this.options;
    const period = { quota_renews: Math.floor(now() / 1_000) + 60, quota_remaining: 1 };
    const hash = hashKey(token);
    await redis.set(sessionName(hash), JSON.stringify({ ...session, ...period }));
    await redis.publish(
      NOTIFICATION_CHANNEL,
      signNotification({ command: 'KeySpaceUpdateNotification', payload: hash, nodeSecret }),
    );
    this.keep(hash, { ...session, ...period });
  }

  private cacheName(token: string): string {
    return this.options.generation === '3.1' ? hashKey(token) : hashText(token, 'murmur64');
  }
}
