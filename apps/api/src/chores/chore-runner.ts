import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Unavailable } from '@castellan/dto';
import { Clock, LOGGER, Metrics, Recurring, type Logger } from '@castellan/observability';
import { ChoreStore, isForLater, type ChoreRow, type Job } from '@castellan/persistence';

/** Why a chore is not done yet, with how far it has come. */
export interface Unfinished {
  readonly reason: string;
  readonly progress: string;
  /** Whether it waits for nothing, and goes on as soon as others have had their turn. */
  readonly goesOn: boolean;
}

/** Does a chore, or a step of it. @returns null when it is done, or why it has to wait */
type DoChore = (chore: ChoreRow) => Promise<string | Unfinished | null>;

/** How a job is done. */
export interface Work {
  readonly does: DoChore;
  /**
   * Sees to it that Redis has what stands in MongoDB, for whoever has done a chore in whose place there was another one by then,
   * which is done already: what was just written may be older. Nothing where no order can be wrong.
   */
  readonly whenOutrun?: (chore: ChoreRow) => Promise<void>;
}

/** Pause between two looks for chores, in milliseconds. */
const lookMs = 500;
/** While one is worked on, no other replica takes it, for so many milliseconds. */
const leaseMs = 30_000;
const batchSize = 50;
/** How long one that failed or has to wait is left alone, in milliseconds: longer each time. */
const pauseMs = 500;
const longestPauseMs = 30_000;
/**
 * What has to wait for gateways is looked at once a second, which is how often they reload, and every few seconds once one of them
 * does not come.
 */
const eagerTries = 12;
const eagerPauseMs = 1_000;
const patientPauseMs = 4_000;

/**
 * Brings to the nodes' Redis what committed changes say has to be there. Whoever makes a change does its chore at once; whatever
 * is left, because a process died or Redis was away, any replica does later. Each can be done again from wherever it stopped.
 */
@Injectable()
export class ChoreRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly workers = new Map<Job, Work>();
  private readonly loop: Recurring;

  constructor(
    private readonly chores: ChoreStore,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.loop = new Recurring('chores of the key store', lookMs, () => this.doAllDue(), logger);
    metrics.gauge(
      'castellan_key_store_chores',
      'Changes of certificates, OAuth clients and policies that the nodes’ Redis does not have yet',
      [],
      async () => [{ labels: {}, value: await chores.waiting() }],
    );
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** Says who does a job. */
  assign(job: Job, work: Work): void {
    this.workers.set(job, work);
  }

  /**
   * Does what a change has left to be done, for whoever has just committed it.
   *
   * @returns why some of it has to wait; null when it is done
   * @throws Unavailable when Redis went away since the change was committed, which is then brought there later
   */
  async doNow(left: readonly ChoreRow[]): Promise<string | null> {
    let waits: string | null = null;
    for (const chore of left.filter((one) => !isForLater(one))) {
      try {
        waits = (await this.do(chore)) ?? waits;
      } catch (error) {
        this.logger.warn({ err: error, chore: chore._id }, 'A change waits for the Redis of the nodes');
        throw new Unavailable('The change is recorded and will be made; the Redis of the nodes', error);
      }
    }
    return waits;
  }

  /** Does everything that is due. */
  async doAllDue(): Promise<void> {
    const now = this.clock.now();
    const due = await this.chores.takeDue(now, new Date(now.getTime() + leaseMs), batchSize);
    for (const chore of due) {
      await this.do(chore).catch((error: unknown) => {
        this.logger.warn(
          { err: error, chore: chore._id, tries: chore.tries },
          'A change does not reach the nodes’ Redis',
        );
      });
    }
  }

  private async do(chore: ChoreRow): Promise<string | null> {
    const work = this.workers.get(chore.job);
    if (work === undefined) throw new TypeError(`Nobody does ${chore.job}`);
    try {
      const left = await work.does(chore);
      if (left !== null) return await this.putOff(chore, left);
    } catch (error) {
      await this.chores.later(chore, this.next(chore.tries), 'Redis');
      throw error;
    }
    if (await this.chores.done(chore)) return null;
    // Another change came meanwhile, and what it wants may have been undone just now.
    const newer = await this.chores.about(chore.job, chore.about);
    if (newer !== null) return this.do(newer);
    await work.whenOutrun?.(chore);
    return null;
  }

  private async putOff(chore: ChoreRow, left: string | Unfinished): Promise<string> {
    const { reason, progress, goesOn } =
      typeof left === 'string' ? { reason: left, progress: undefined, goesOn: false } : left;
    const pause = chore.tries < eagerTries ? eagerPauseMs : patientPauseMs;
    await this.chores.later(chore, this.in(goesOn ? 0 : pause), reason, progress);
    return reason;
  }

  private next(tries: number): Date {
    return this.in(Math.min(longestPauseMs, pauseMs * 2 ** Math.min(tries, 10)));
  }

  private in(ms: number): Date {
    return new Date(this.clock.millis() + ms);
  }
}
