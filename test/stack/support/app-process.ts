import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@castellan/testing';
import { root } from './services';

/** How long a process may take to get ready on a busy machine, in milliseconds. */
const startDeadlineMs = 60_000;

/** One of the built applications as a process of its own. */
export class AppProcess {
  private child: ChildProcess | null = null;
  private said = '';

  constructor(
    private readonly name: 'api' | 'host-manager',
    readonly url: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  /** What the process has written so far. */
  get output(): string {
    return this.said;
  }

  get running(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  spawn(): void {
    const child = spawn(process.execPath, [join(root, `dist/apps/${this.name}/src/main.js`)], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...this.environment },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.said += chunk.toString();
      });
    }
    this.child = child;
  }

  /** Starts the process and waits until it says that it is ready. */
  async start(): Promise<void> {
    this.spawn();
    await eventually(
      async () => {
        if (!this.running) throw new Error(`${this.name} ended: ${this.said}`);
        return (await fetch(`${this.url}/health/ready`)).status === 200;
      },
      { deadlineMs: startDeadlineMs },
    );
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.child?.kill(signal);
  }

  /** Resolves with the exit code once the process has ended; null when a signal ended it. */
  async exited(): Promise<number | null> {
    if (this.child === null) return null;
    if (this.running) await once(this.child, 'exit');
    return this.child.exitCode;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    this.signal(signal);
    await this.exited();
  }
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
};
