import { Recurring, type Logger } from '@castellan/observability';
import type { ReplicaLock } from './replica-lock';

/** Asked between two batches: false when the replica stops or another one has taken over. */
export type MayGoOn = () => Promise<boolean>;

/** Work in bounded batches that one replica at a time does, again and again. */
export class BackgroundJob {
  private readonly loop: Recurring;
  private stopping = false;

  /** @param everyMs pause between two runs; up to a quarter is added at random */
  constructor(
    private readonly name: string,
    everyMs: number,
    private readonly work: (mayGoOn: MayGoOn) => Promise<void>,
    private readonly lock: ReplicaLock,
    logger: Logger,
  ) {
    this.loop = new Recurring(name, everyMs, () => this.run(), logger);
  }

  start(): void {
    this.stopping = false;
    this.loop.start();
  }

  /** Resolves when the batch under way, if any, is over. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop.stop();
  }

  private async run(): Promise<void> {
    const lease = await this.lock.acquire(this.name);
    if (lease === null) return;
    try {
      await this.work(async () => !this.stopping && (await lease.extend()));
    } finally {
      await lease.release();
    }
  }
}
