import { rmSync } from 'node:fs';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { z } from 'zod';
import { eventually } from '@castellan/testing';
import { Child } from './child';

const server = z.object({ url: z.string(), port: z.number(), pid: z.number() });
const greeting = z.object({ mongodb: server, redis: z.array(server), dataDir: z.string() });
const answer = z.object({ id: z.number(), pid: z.number().optional(), error: z.string().optional() });

type ServerName = 'mongodb' | 'redis';

const impatient = { serverSelectionTimeoutMS: '2000', connectTimeoutMS: '5000', heartbeatFrequencyMS: '500' };

/** A MongoDB-wire server and a Redis of their own, as real processes that a test may stop, kill and start again. */
export class Services {
  private nextId = 1;
  private readonly stopped = new Set<ServerName>();
  private readonly frozen = new Map<ServerName, number>();
  private readonly waiting = new Map<number, (line: string) => void>();

  private constructor(
    private readonly child: Child,
    private readonly dataDir: string,
    readonly mongodbUri: string,
    readonly redisUrl: string,
  ) {
    child.onLine((line) => {
      this.waiting.get(answer.parse(JSON.parse(line)).id)?.(line);
    });
  }

  static async start(): Promise<Services> {
    const venv = process.env['CASTELLAN_TEST_VENV'];
    const child = new Child('tools/services.mjs', venv === undefined ? {} : { CASTELLAN_TEST_VENV: venv }, true);
    const first = await Promise.race([
      new Promise<string>((resolve) => {
        child.onLine(resolve);
      }),
      child.exited().then(() => {
        throw new Error(`The servers did not start: ${child.output}`);
      }),
    ]);
    const parsed = greeting.safeParse(JSON.parse(first));
    if (!parsed.success) throw new Error(`The servers did not start: ${first}`);
    const { mongodb, redis, dataDir } = parsed.data;
    const uri = new URL(mongodb.url);
    uri.pathname = '/castellan';
    // Short, so that an outage is soon one; what follows from it is the same.
    for (const [name, value] of Object.entries(impatient)) uri.searchParams.set(name, value);
    return new Services(child, dataDir, uri.href, redis[0]?.url ?? '');
  }

  /** It keeps its connections and answers nobody until it is thawed. */
  async freeze(name: ServerName): Promise<void> {
    const { pid } = await this.command({ do: 'start', server: name, index: 0 });
    if (pid === undefined || pid === 0) throw new Error(`${name} is not running`);
    this.frozen.set(name, pid);
    process.kill(pid, 'SIGSTOP');
  }

  thaw(name: ServerName): void {
    const pid = this.frozen.get(name);
    if (pid !== undefined) process.kill(pid, 'SIGCONT');
    this.frozen.delete(name);
  }

  /** Resolves when the server's process has ended. */
  async stop(name: ServerName, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.stopped.add(name);
    await this.command({ do: 'stop', server: name, index: 0, signal });
  }

  /** Starts it again on the same port and data; resolves when it answers. */
  async resume(name: ServerName): Promise<void> {
    await this.command({ do: 'start', server: name, index: 0 });
    this.stopped.delete(name);
  }

  /** Starts again whatever is stopped. */
  async resumeAll(): Promise<void> {
    for (const name of this.stopped) await this.resume(name);
  }

  /** Ends the transactions of processes that are gone, which MongoDB itself does when they are a minute old. */
  async endTransactions(): Promise<void> {
    await this.connected((connection) => connection.db?.admin().command({ killAllSessions: [] }));
  }

  /** Looks into a collection until it has so many documents. */
  async holds(collection: string, count: number): Promise<void> {
    await this.connected((connection) =>
      eventually(async () => (await connection.collection(collection).countDocuments()) === count),
    );
  }

  private async connected(work: (connection: mongoose.Connection) => Promise<unknown> | undefined): Promise<void> {
    const connection = await mongoose.createConnection(this.mongodbUri).asPromise();
    try {
      await work(connection);
    } finally {
      await connection.close();
    }
  }

  /** Takes everything from a Redis that is stopped. */
  loseRedisData(): void {
    rmSync(join(this.dataDir, 'redis'), { recursive: true, force: true });
  }

  async end(): Promise<void> {
    for (const name of this.frozen.keys()) this.thaw(name);
    this.child.closeInput();
    await this.child.exited();
  }

  private async command(command: object): Promise<{ readonly pid?: number }> {
    const id = this.nextId;
    this.nextId += 1;
    const line = await new Promise<string>((resolve) => {
      this.waiting.set(id, resolve);
      this.child.write(JSON.stringify({ id, ...command }));
    });
    this.waiting.delete(id);
    const { error, pid } = answer.parse(JSON.parse(line));
    if (error !== undefined) throw new Error(error);
    return pid === undefined ? {} : { pid };
  }
}
