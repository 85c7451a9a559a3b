import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { z } from 'zod';

export const root = join(__dirname, '..', '..', '..');

const server = z.object({ url: z.string(), port: z.number(), pid: z.number() });
const greeting = z.object({ mongodb: server, redis: z.array(server) });
const answer = z.object({ id: z.number(), pid: z.number().optional(), error: z.string().optional() });

type ServerName = 'mongodb' | 'redis';

/** A MongoDB-wire server and a Redis of their own, as real processes that a test may stop, kill and start again. */
export class Services {
  private nextId = 1;

  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly lines: Interface,
    readonly mongodbUri: string,
    readonly redisUrl: string,
  ) {}

  static async start(): Promise<Services> {
    const child = spawn(process.execPath, [join(root, 'tools/services.mjs')], { cwd: root });
    child.stderr.resume();
    const lines = createInterface({ input: child.stdout });
    const { mongodb, redis } = greeting.parse(JSON.parse(await nextLine(lines)));
    const uri = new URL(mongodb.url);
    uri.pathname = '/castellan';
    return new Services(child, lines, uri.href, redis[0]?.url ?? '');
  }

  /** Resolves when the server's process has ended. */
  async stop(name: ServerName, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.command({ do: 'stop', server: name, index: 0, signal });
  }

  /** Starts it again on the same port and data; resolves when it answers. */
  async resume(name: ServerName): Promise<void> {
    await this.command({ do: 'start', server: name, index: 0 });
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.stdin.end();
    await ended;
  }

  private async command(command: object): Promise<void> {
    const id = this.nextId;
    this.nextId += 1;
    this.process.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    const { error } = answer.parse(JSON.parse(await nextLine(this.lines)));
    if (error !== undefined) throw new Error(error);
  }
}

const nextLine = async (lines: Interface): Promise<string> => {
  const values: readonly unknown[] = await once(lines, 'line');
  return String(values[0]);
};
