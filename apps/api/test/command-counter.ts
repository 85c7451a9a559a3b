import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { Outbox } from '@castellan/persistence';
import { eventually, type Reply } from '@castellan/testing';
import type { ApiUnderTest } from './api-under-test';

/** One command to MongoDB, on behalf of one request. */
interface Command {
  readonly name: string;
  readonly collection: string;
  /** What nobody waits for who waits for the reply: publishing what has been committed. */
  readonly isAfter: boolean;
  /** Of commands before the reply, the how manieth of those that had to wait for one another. */
  readonly turn: number;
}

interface Tally {
  readonly commands: Command[];
  readonly redis: string[];
  replied: boolean;
  /** Commands that are not answered yet. */
  readonly underWay: Map<number, Command>;
  /** The last turn of which a command is answered. */
  turn: number;
}

/** What a request has cost: the commands before the reply and after it. */
export interface Cost {
  /** How many commands before the reply waited for one another: those that are sent together count as one. */
  readonly turns: number;
  readonly before: number;
  readonly after: number;
  /** Commands to Redis before the reply. */
  readonly redis: number;
  /** For whoever wants to know where a number comes from. */
  readonly commands: readonly string[];
}

/** Events carry what the driver sends; only what is read here is looked at. */
interface Started {
  readonly requestId: number;
  readonly commandName: string;
  readonly command: Readonly<Record<string, unknown>>;
}

/** Where ioredis says each command that it writes, in the context of whoever sent it. */
const redisCommands = 'tracing:ioredis:command:start';

/** Whether it is how a change is published, which begins when the change is committed and not when it is answered. */
const isPublishing = (name: string, { outbox, filter }: { outbox: boolean; filter: unknown }): boolean =>
  outbox && (name === 'update' || (typeof filter === 'object' && filter !== null && 'publishedAt' in filter));

/**
 * Counts the commands that one request sends to MongoDB, by the driver's command monitoring, and to Redis. A command belongs to the
 * request in whose asynchronous context it is sent, so that timers and other requests do not count.
 */
export class CommandCounter {
  private readonly current = new AsyncLocalStorage<Tally>();
  private tally: Tally | null = null;

  /** Messages are part of publishing, which nobody waits for. */
  private readonly sentToRedis = (event: unknown): void => {
    const tally = this.current.getStore();
    if (tally === undefined || tally.replied || typeof event !== 'object' || event === null) return;
    const command = 'command' in event ? String(event.command) : '';
    if (command !== 'publish') tally.redis.push(command);
  };

  private constructor(private readonly api: ApiUnderTest) {}

  /** The api has to be started with `monitorCommands=true` in its MongoDB address. */
  static on(api: ApiUnderTest): CommandCounter {
    const counter = new CommandCounter(api);
    const client = api.app.get<Connection>(getConnectionToken()).getClient();
    client.on('commandStarted', (event: Started) => {
      counter.started(event);
    });
    const ended = ({ requestId }: Pick<Started, 'requestId'>): void => {
      const tally = counter.current.getStore();
      const command = tally?.underWay.get(requestId);
      if (tally === undefined || command === undefined) return;
      tally.underWay.delete(requestId);
      tally.turn = Math.max(tally.turn, command.turn);
    };
    client.on('commandSucceeded', ended);
    client.on('commandFailed', ended);
    const server = api.app.getHttpAdapter().getInstance().server;
    server.prependListener('request', (_: unknown, response: NodeJS.EventEmitter) => {
      if (counter.tally === null) return;
      const tally = counter.tally;
      counter.current.enterWith(tally);
      response.once('finish', () => (tally.replied = true));
    });
    subscribe(redisCommands, counter.sentToRedis);
    return counter;
  }

  /** Counts nothing any more. */
  stop(): void {
    unsubscribe(redisCommands, this.sentToRedis);
  }

  /** What one call costs. Nothing else may be asked of the api meanwhile. */
  async costOf(call: () => Promise<Reply>): Promise<Cost> {
    const tally: Tally = { commands: [], redis: [], replied: false, underWay: new Map(), turn: 0 };
    this.tally = tally;
    await call();
    this.tally = null;
    await this.settled(tally);
    const { commands, redis } = tally;
    return {
      redis: redis.length,
      turns: Math.max(0, ...commands.map(({ turn }) => turn)),
      before: commands.filter(({ isAfter }) => !isAfter).length,
      after: commands.filter(({ isAfter }) => isAfter).length,
      commands: [
        ...commands.map(({ name, collection, turn }) => `${turn === 0 ? 'after' : turn}: ${name} ${collection}`),
        ...redis.map((name) => `redis: ${name}`),
      ],
    };
  }

  private started({ requestId, commandName, command }: Started): void {
    const tally = this.current.getStore();
    if (tally === undefined) return;
    const target = command[commandName];
    const collection = typeof target === 'string' ? target : '';
    const outbox = collection === 'outbox';
    // What keys have to tell others is looked for after the commit, whoever is answered first.
    const isTelling = collection === 'key_events' && commandName === 'find';
    const isAfter = tally.replied || isTelling || isPublishing(commandName, { outbox, filter: command['filter'] });
    const turn = isAfter ? 0 : tally.turn + 1;
    const sent: Command = { name: commandName, collection, isAfter, turn };
    tally.commands.push(sent);
    tally.underWay.set(requestId, sent);
  }

  /** Everything is published, and nothing has been sent since the last look. */
  private async settled(tally: Tally): Promise<void> {
    const outbox = this.api.app.get(Outbox);
    let before = -1;
    await eventually(async () => {
      const isStill = tally.underWay.size === 0 && tally.commands.length === before;
      before = tally.commands.length;
      return isStill && (await this.current.exit(() => outbox.pending(1))).length === 0;
    });
  }
}
