import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

/** The repository, which every process is started in. */
export const root = join(__dirname, '..', '..', '..');

const keptLines = 2_000;

/**
 * Kills a process when this one is gone, even by `kill -9`: only then does its input end. Jest keeps the `exit` handlers of
 * tests from running, so nothing less would do.
 */
const guard = (pid: number): ChildProcess =>
  spawn('sh', ['-c', 'read -r _; kill -KILL "$0" 2>/dev/null', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });

/** One real process of Node.js; it does not outlive the test run, however that ends. */
export class Child {
  private readonly process: ChildProcess;
  private readonly lines: string[] = [];
  private readonly listeners = new Set<(line: string) => void>();
  private readonly end: Promise<unknown>;

  /**
   * @param script path below the root of the repository
   * @param endsByItself true when the end of its input makes it end, in an order that a kill would spoil
   */
  constructor(script: string, environment: Readonly<Record<string, string>>, endsByItself = false) {
    const child = spawn(process.execPath, [join(root, script)], {
      cwd: root,
      // Ctrl-C is for the test run, which then ends this in its own way.
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...environment },
    });
    this.process = child;
    const watch = endsByItself ? null : guard(this.pid);
    this.end = once(child, 'exit').then(() => watch?.kill('SIGKILL'));
    // Writing to a process that has just died is no reason to fail.
    child.stdin.on('error', () => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.keep(line);
      });
    }
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The last lines of what it has written. */
  get output(): string {
    return this.lines.join('\n');
  }

  /** Calls back with each line that it writes from now on. */
  onLine(listener: (line: string) => void): void {
    this.listeners.add(listener);
  }

  write(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }

  closeInput(): void {
    this.process.stdin?.end();
  }

  signal(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }

  /** Resolves with the exit code once it has ended; null when a signal ended it. */
  async exited(): Promise<number | null> {
    if (this.running) await this.end;
    return this.process.exitCode;
  }

  private keep(line: string): void {
    this.lines.push(line);
    if (this.lines.length > keptLines) this.lines.shift();
    for (const listener of this.listeners) listener(line);
  }
}
