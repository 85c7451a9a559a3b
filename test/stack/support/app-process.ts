import { eventually, HttpClient } from '@castellan/testing';
import { SecretWatch } from '../../../apps/api/test/secret-watch';
import { Child } from './child';

/** One of the built applications as a process of its own. */
export class AppProcess {
  private child: Child | null = null;
  private readonly watch = new SecretWatch();

  constructor(
    private readonly name: 'api' | 'host-manager',
    readonly url: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {
    for (const [setting, value] of Object.entries(environment)) {
      if (setting.endsWith('ADMIN_SECRET')) this.watch.knowAdminSecret(value);
      else if (/_SECRET(S|_KEY)?$/.test(setting)) this.watch.know(setting, value);
    }
  }

  /** What the process has written so far. */
  get output(): string {
    return this.child?.output ?? '';
  }

  get running(): boolean {
    return this.child?.running === true;
  }

  /** 0 before it was started. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** A client without a credential. */
  get client(): HttpClient {
    return new HttpClient(this.url, {}, [this.watch]);
  }

  spawn(): void {
    this.child = new Child(`dist/bundles/${this.name}/start.js`, { ...this.environment });
  }

  /** Starts the process and waits until it says that it is ready. */
  async start(): Promise<void> {
    this.spawn();
    await this.answers(200);
  }

  /** Waits until the process says that it is ready (200), or runs and cannot work (503). */
  async answers(status: 200 | 503): Promise<void> {
    await eventually(
      async () => {
        if (!this.running) throw new Error(`${this.name} ended: ${this.output}`);
        return (await this.client.get('/health/ready')).status === status;
      },
      { intervalMs: 50, describe: `${this.name} to answer ${status} on /health/ready` },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.signal(signal);
  }

  /** Resolves with the exit code once the process has ended; null when a signal ended it. */
  async exited(): Promise<number | null> {
    return this.child === null ? null : this.child.exited();
  }

  /** @throws when the process has written a secret, or answered one that it was not to show (promise 9) */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (!this.running) return;
    this.signal(signal);
    await this.exited();
    this.watch.keep(`what ${this.name} wrote`, this.output);
    const leaks = this.watch.leaks();
    if (leaks.length > 0) throw new Error(`Secrets stand where nobody may read them:\n${leaks.join('\n')}`);
  }
}
