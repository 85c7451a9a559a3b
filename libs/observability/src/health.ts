import { setTimeout as delay } from 'node:timers/promises';

/** Answers when the thing works, and rejects when it does not. */
export type HealthCheck = () => Promise<unknown>;

export interface HealthReport {
  readonly status: 'ok' | 'error' | 'starting' | 'shutting_down';
  readonly checks: Readonly<Record<string, 'ok' | 'error'>>;
  /** What is worth knowing and does not make the process unable to work. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** How long one check may take before it counts as failed, in milliseconds. */
const deadline = 2_000;

const rejectLater = async (signal: AbortSignal): Promise<never> => {
  await delay(deadline, undefined, { signal, ref: false });
  throw new Error(`No answer within ${deadline} ms`);
};

/** Whether this process can do its work: asked by load balancers, and false from the moment it begins to stop. */
export class Health {
  private phase: 'starting' | 'running' | 'shutting_down' = 'running';
  private readonly details = new Map<string, () => unknown>();

  constructor(private readonly checks: Readonly<Record<string, HealthCheck>>) {}

  /** Readiness says no until {@link beginServing}: for a process that is up before it can serve. */
  beginStarting(): void {
    this.phase = 'starting';
  }

  beginServing(): void {
    if (this.phase === 'starting') this.phase = 'running';
  }

  /** From here on readiness says no, while requests under way still finish. */
  beginShutdown(): void {
    this.phase = 'shutting_down';
  }

  /** Whether the process has begun to serve and not begun to stop; what it needs is not asked. */
  get isServing(): boolean {
    return this.phase === 'running';
  }

  /** Adds something to the report. It is asked for each time, so it has to be at hand. */
  detail(name: string, read: () => unknown): void {
    this.details.set(name, read);
  }

  async readiness(): Promise<HealthReport> {
    const results = await Promise.all(
      Object.entries(this.checks).map(
        async ([name, check]) => [name, (await this.passes(check)) ? 'ok' : 'error'] as const,
      ),
    );
    const failed = results.some(([, result]) => result === 'error');
    return {
      status: this.phase === 'running' ? (failed ? 'error' : 'ok') : this.phase,
      checks: Object.fromEntries(results),
      ...(this.details.size === 0
        ? {}
        : { details: Object.fromEntries([...this.details].map(([name, read]) => [name, read()])) }),
    };
  }

  private async passes(check: HealthCheck): Promise<boolean> {
    const timer = new AbortController();
    try {
      await Promise.race([check(), rejectLater(timer.signal)]);
      return true;
    } catch {
      return false;
    } finally {
      timer.abort();
    }
  }
}
