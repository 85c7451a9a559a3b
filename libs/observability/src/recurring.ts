import type { Logger } from './logger';

/** A job that runs again and again until it is stopped, never twice at the same time; a failure is logged and tried again. */
export class Recurring {
  private timer: NodeJS.Timeout | null = null;
  /** When the timer goes off, on the clock of `performance.now()`. */
  private dueAt = Infinity;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();

  /** @param everyMs pause between two runs; up to a quarter is added at random, so that replicas do not meet */
  constructor(
    private readonly name: string,
    private readonly everyMs: number,
    private readonly job: () => Promise<void>,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.stopped = false;
    this.schedule(0);
  }

  /** Sees to it that a run begins within that many milliseconds from now; one that is due earlier stays where it is. */
  soon(inMs = 0): void {
    if (!this.stopped) this.schedule(inMs);
  }

  /** Resolves when the run under way, if any, is over. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.dueAt = Infinity;
    await this.running;
  }

  private schedule(inMs: number): void {
    const dueAt = performance.now() + inMs;
    if (dueAt >= this.dueAt) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.dueAt = dueAt;
    this.timer = setTimeout(() => {
      this.dueAt = Infinity;
      this.running = this.running.then(() => this.run());
    }, inMs);
    this.timer.unref();
  }

  private async run(): Promise<void> {
    if (this.stopped) return;
    try {
      await this.job();
    } catch (error) {
      this.logger.warn({ err: error, job: this.name }, 'A recurring job failed and will be tried again');
    }
    // Somebody may have asked for the next run during this one.
    this.soon(this.everyMs * (1 + Math.random() / 4));
  }
}
