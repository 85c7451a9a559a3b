import type { Logger } from './logger';

/** A job that runs again and again until it is stopped, never twice at the same time; a failure is logged and tried again. */
export class Recurring {
  private timer: NodeJS.Timeout | null = null;
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

  /** Brings the next run forward to that many milliseconds from now. */
  soon(inMs = 0): void {
    if (!this.stopped) this.schedule(inMs);
  }

  /** Resolves when the run under way, if any, is over. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await this.running;
  }

  private schedule(inMs: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
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
    this.schedule(this.everyMs * (1 + Math.random() / 4));
  }
}
