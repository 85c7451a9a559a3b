import type { ChainableCommander } from 'ioredis';
import { Redis } from 'ioredis';
import { NOTIFICATION_CHANNEL, signNotification } from '@castellan/tyk';
import { createAllScript, createScript, removeScript, replaceScript } from './key-scripts';
import { mastersOf, type KeyRedis } from './redis/connect';

/** A place in the walk over all keys of one server. */
export interface ScanPlace {
  /** The server, as `host:port`. */
  readonly server: string;
  /** `0` before the first page and after the last one. */
  readonly cursor: string;
}

export interface ScanPage {
  readonly names: readonly string[];
  readonly next: ScanPlace;
}

/** A session that is to be made. */
interface NewSession {
  readonly name: string;
  readonly text: string;
  readonly announced: readonly string[];
}

/** What a key holds that is no text, as seen by whoever asked for one. */
export const NO_TEXT = Symbol('NO_TEXT');

const SCAN_COUNT = 1_000;
/** How many single commands are under way at a time in a cluster, where names lie on several servers. */
const AT_ONCE = 200;
/** How many names one command has where all of them are on one server: a key of a policy with 500 APIs has 1,500 counters. */
const NAMES_IN_ONE = 2_000;

/**
 * The sessions of keys in the Redis that nodes use. What is changed is announced to nodes in the same step, under every name that
 * their generations know the key by.
 */
export class KeyStore {
  constructor(
    private readonly redis: KeyRedis,
    private readonly nodeSecret: string,
  ) {}

  /** The text under a name, `null` when there is none, {@link NO_TEXT} when it holds something else. */
  async read(name: string): Promise<string | null | typeof NO_TEXT> {
    try {
      return await this.redis.get(name);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return NO_TEXT;
      throw error;
    }
  }

  /** The texts under many names in their order; `null` also for what is no text. */
  async readMany(names: readonly string[]): Promise<readonly (string | null)[]> {
    if (names.length === 0) return [];
    if (this.redis instanceof Redis) return this.redis.mget([...names]);
    const texts: (string | null)[] = [];
    for (let from = 0; from < names.length; from += AT_ONCE) {
      const page = await Promise.all(names.slice(from, from + AT_ONCE).map((name) => this.read(name)));
      texts.push(...page.map((text) => (text === NO_TEXT ? null : text)));
    }
    return texts;
  }

  /** @returns false, and nothing is done, when there is something under that name */
  create(name: string, text: string, announced: readonly string[]): Promise<boolean> {
    return this.run(createScript, name, announced, [text]);
  }

  /** Many new ones; where all names are on one server, in one step. @returns of each what {@link create} does */
  async createAll(sessions: readonly NewSession[]): Promise<readonly boolean[]> {
    if (sessions.length === 0) return [];
    if (!(this.redis instanceof Redis))
      return Promise.all(sessions.map(({ name, text, announced }) => this.create(name, text, announced)));
    const names = sessions.map(({ name }) => name);
    const told = sessions.flatMap(({ text, announced }) => [this.message(announced), text]);
    const made = await this.redis.eval(createAllScript, names.length, ...names, NOTIFICATION_CHANNEL, ...told);
    return sessions.map((_, at) => Array.isArray(made) && made[at] === 1);
  }

  /** @returns false, and nothing is done, when what is there is not `expected` any more */
  replace(name: string, expected: string, text: string, announced: readonly string[]): Promise<boolean> {
    return this.run(replaceScript, name, announced, [expected, text]);
  }

  /** @returns false, and nothing is done, when what is there is not `expected` any more */
  remove(name: string, expected: string, announced: readonly string[]): Promise<boolean> {
    return this.run(removeScript, name, announced, [expected]);
  }

  /** Tells nodes to forget what they have of a key, without a change. */
  async announce(announced: readonly string[]): Promise<void> {
    await this.redis.publish(NOTIFICATION_CHANNEL, this.message(announced));
  }

  /** Sends messages that are signed already to all nodes, in their order. */
  async publish(messages: readonly string[]): Promise<void> {
    for (const message of messages) await this.redis.publish(NOTIFICATION_CHANNEL, message);
  }

  /** Takes counters away; in a cluster each by itself. */
  async forget(names: readonly string[]): Promise<void> {
    if (!(this.redis instanceof Redis)) return this.each(names, (pipeline, name) => pipeline.del(name));
    for (let from = 0; from < names.length; from += NAMES_IN_ONE) {
      await this.redis.unlink(...names.slice(from, from + NAMES_IN_ONE));
    }
  }

  /** Copies what lies under one name to another, with the time that it has left; nothing when there is nothing. */
  async copy(from: string, to: string): Promise<void> {
    // Its type knows nothing of names under which nothing is.
    const dump: Promise<Buffer | null> = this.redis.dumpBuffer(from);
    const [content, left] = await Promise.all([dump, this.redis.pttl(from)]);
    if (content !== null) await this.redis.restore(to, Math.max(0, left), content, 'REPLACE');
  }

  /** How many calls a node has noted under a name since then, in milliseconds since 1970; 0 also for what is no such set. */
  async callsSince(name: string, since: number): Promise<number> {
    try {
      // Nanoseconds, as a text: a double has no room for all of them.
      return await this.redis.zcount(name, `(${since}000000`, '+inf');
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return 0;
      throw error;
    }
  }

  /** Whether nodes' Redis answers. */
  async ping(): Promise<void> {
    await Promise.all(mastersOf(this.redis).map((master) => master.ping()));
  }

  /** Where a walk over all keys begins: once at each server that has some. */
  beginnings(): readonly ScanPlace[] {
    return mastersOf(this.redis).map((master) => ({ server: nameOf(master), cursor: '0' }));
  }

  /**
   * The next names that begin with `prefix`, some hundred at most. A walk may give a name twice, and one that was there all the
   * time at least once.
   *
   * @returns null when the server is not, or no longer, one that keys lie on
   */
  async scan(place: ScanPlace, prefix: string): Promise<ScanPage | null> {
    const master = mastersOf(this.redis).find((one) => nameOf(one) === place.server);
    if (master === undefined) return null;
    const [cursor, names] = await master.scan(place.cursor, 'MATCH', `${prefix}*`, 'COUNT', SCAN_COUNT);
    return { names, next: { server: place.server, cursor } };
  }

  private async run(script: string, name: string, announced: readonly string[], told: string[]): Promise<boolean> {
    const done = await this.redis.eval(script, 1, name, NOTIFICATION_CHANNEL, this.message(announced), ...told);
    return done === 1;
  }

  private message(announced: readonly string[]): string {
    return signNotification({
      command: 'KeySpaceUpdateNotification',
      payload: announced.join(','),
      nodeSecret: this.nodeSecret,
    });
  }

  private async each(
    names: readonly string[],
    command: (pipeline: ChainableCommander, name: string) => ChainableCommander,
  ): Promise<void> {
    if (names.length === 0) return;
    // A pipeline of a cluster may only hold keys of one server, so there it is one for each name.
    const groups = this.redis instanceof Redis ? [names] : names.map((name) => [name]);
    for (let from = 0; from < groups.length; from += AT_ONCE) {
      const results = await Promise.all(
        groups.slice(from, from + AT_ONCE).map((group) => group.reduce(command, this.redis.pipeline()).exec()),
      );
      for (const [error] of results.flatMap((one) => one ?? [])) if (error !== null) throw error;
    }
  }
}

function nameOf({ options }: Redis): string {
  return `${options.host ?? ''}:${options.port ?? ''}`;
}
