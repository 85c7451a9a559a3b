import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CONFIG, type ApiConfig } from '@castellan/config';
import { Clock, Health, LOGGER, Recurring, type Logger } from '@castellan/observability';
import { isOutage } from '../../http/outage';
import { Ahead } from './ahead';
import { AnalyticsRedis } from './analytics-redis';
import { Backlog } from './backlog';
import { BatchMoved, BatchNotes } from './batch-notes';
import { countOf, decodeSlices, type Chunk, type Slice } from './chunk';
import { ChunkWriter, type ReadyChunk } from './chunk-writer';
import { Merger } from './merger';
import { Pace } from './pace';
import { PurgerLease } from './purger-lease';
import { PurgerMetrics } from './purger-metrics';

/** Time between two searches for batches that somebody took without it being known, in milliseconds. */
const searchMs = 60_000;
/** How soon it is seen that Redis can be reached again, in milliseconds: lists there expire while nobody takes them. */
const reconnectMs = 1_000;
/** Sums are merged once in so many rounds, so that a row that gets hits all the time is not updated all the time. */
const mergeEvery = 30;
/** How long the end of the process waits for a transaction, in milliseconds; it is safe to break it off. */
const patienceMs = 3_000;

/** Records that are about to be stored. */
interface InHand {
  readonly slices: readonly Slice[];
  readonly ready: Promise<ReadyChunk>;
  /** Why MongoDB will not take them as records; null as long as nothing is known against them. */
  readonly refused: string | null;
}

/** What came of an attempt to store some, and when to try again. */
type Outcome = 'stored' | 'again' | 'later';

/**
 * Takes analytics records out of Redis into MongoDB, each exactly once. One replica at a time does it, which saves work;
 * that nothing is stored twice is held by the notes in MongoDB, whoever runs.
 */
@Injectable()
export class Purger implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly backlog: Backlog;
  private readonly pace: Pace;
  private readonly claiming: Recurring;
  private readonly storing: Recurring;
  private readonly merging: Recurring;
  private searchedAt = -Infinity;
  private stopping = false;
  /** What keeps records from being stored, and what keeps them from being taken. */
  private problem: string | null = null;
  private claimProblem: string | null = null;

  constructor(
    private readonly writer: ChunkWriter,
    private readonly merger: Merger,
    private readonly lease: PurgerLease,
    private readonly source: AnalyticsRedis,
    private readonly metrics: PurgerMetrics,
    private readonly clock: Clock,
    private readonly health: Health,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    notes: BatchNotes,
  ) {
    this.backlog = new Backlog(() => source.queue, notes);
    this.pace = new Pace(config.analyticsBatch);
    this.claiming = new Recurring('analytics claim', config.analyticsPurgeMs, () => this.claim(), logger);
    this.storing = new Recurring('analytics purge', config.analyticsPurgeMs, () => this.store(), logger);
    this.merging = new Recurring('analytics merge', config.analyticsPurgeMs * mergeEvery, () => this.merge(), logger);
  }

  onApplicationBootstrap(): void {
    this.health.detail('analytics', () => this.state());
    this.metrics.watch(() => ({ lagSeconds: this.lagSeconds(), waiting: this.backlog.records }));
    if (this.config.analyticsPurger === 'off') return;
    this.claiming.start();
    this.storing.start();
    this.merging.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    const ended = Promise.all([this.claiming.stop(), this.storing.stop(), this.merging.stop()]).then(() =>
      this.lease.release(),
    );
    await Promise.race([ended.catch(() => undefined), delay(patienceMs, undefined, { ref: false })]);
  }

  /** Looks for batches that somebody took, as soon as it is this replica's turn. */
  searchSoon(): void {
    this.searchedAt = -Infinity;
  }

  /** Takes what waits in the gateways' lists, whether MongoDB answers or not: there it would expire. */
  private async claim(): Promise<void> {
    const { queue } = this.source;
    if (!queue.connected) {
      this.claimProblem = 'Redis is out of reach';
      this.claiming.soon(Math.min(reconnectMs, this.config.analyticsPurgeMs));
      return;
    }
    try {
      if (!(await this.hasLease())) return;
      if (performance.now() - this.searchedAt > searchMs) {
        this.searchedAt = performance.now();
        this.backlog.add(await queue.pending());
      }
      const { batches, failure } = await queue.claim(this.clock.now());
      this.backlog.add(batches);
      if (failure !== null) throw failure;
      this.claimProblem = null;
    } catch (error) {
      // What was taken without an answer is found by a search.
      this.searchSoon();
      this.claimProblem = problemOf(error);
      throw error;
    } finally {
      if (this.backlog.records > 0) this.storing.soon();
    }
  }

  /** While MongoDB stores some records, those that follow are read and made ready. */
  private async store(): Promise<void> {
    const line = new Ahead(() => this.take());
    try {
      for (let chunks = 1; !this.stopping && this.lease.held; chunks += 1) {
        const inHand = await line.next();
        if (inHand === null) return;
        const outcome = await this.storeRecords(inHand, () => {
          line.begin();
        });
        if (outcome === 'later') return;
        // What follows a failure begins with what failed.
        if (outcome === 'again') await this.giveBack(line);
        if (!(await this.hasLease())) return;
        // After a backlog there is much to merge, and time for it.
        if (chunks > 1 && this.backlog.records === 0) this.merging.soon();
      }
    } finally {
      await this.giveBack(line);
    }
  }

  private async giveBack(line: Ahead<InHand | null>): Promise<void> {
    const inHand = line.begun ? await line.next().catch(() => null) : null;
    this.backlog.giveBack(inHand?.slices ?? []);
  }

  private take(): Promise<InHand | null> {
    return this.backlog.next(this.pace.records).then((slices) => (slices.length === 0 ? null : this.prepared(slices)));
  }

  private prepared(slices: readonly Slice[], refused: string | null = null): InHand {
    const ready = decodeSlices(slices, refused).then((chunk) => this.writer.prepare(chunk));
    // Whoever stores it hears of it; it may be given back before that.
    ready.catch(() => undefined);
    return { slices, ready, refused };
  }

  /** Records go first: sums that are not merged yet lose nothing, and queries add them. */
  private async merge(): Promise<void> {
    while (!this.stopping && this.lease.held && this.backlog.records < this.config.analyticsBatch) {
      if (!(await this.merger.mergeSome())) return;
    }
  }

  private async storeRecords({ slices, ready, refused }: InHand, meanwhile: () => void): Promise<Outcome> {
    try {
      const made = await ready;
      const { chunk, leftOut } = made;
      const began = performance.now();
      await this.writer.store(made, meanwhile);
      const elapsedMs = performance.now() - began;
      this.pace.took(countOf(slices), elapsedMs);
      this.metrics.stored(outcomesOf(chunk, leftOut), elapsedMs);
      if (chunk.unreadable.length > 0) {
        this.logger.warn(
          { records: chunk.unreadable.length },
          'Analytics records could not be read and were set aside',
        );
      }
    } catch (error) {
      this.backlog.giveBack(slices);
      return this.failed(error, slices, refused, meanwhile);
    }
    this.problem = null;
    await this.backlog.stored(slices);
    return 'stored';
  }

  private async failed(
    error: unknown,
    slices: readonly Slice[],
    refused: string | null,
    meanwhile: () => void,
  ): Promise<Outcome> {
    if (error instanceof BatchMoved) return 'again';
    const count = countOf(slices);
    this.problem = problemOf(error);
    this.logger.warn({ err: error, records: count }, 'Analytics records could not be stored and will be tried again');
    if (refused !== null || !isRefusal(error)) {
      if (!isOutage(error)) this.pace.slow();
      return 'later';
    }
    this.pace.failed(count);
    // Down to one record, it is this one that MongoDB does not take.
    if (count > 1) return 'again';
    return this.storeRecords(this.prepared(slices, `MongoDB refused it: ${this.problem}`), meanwhile);
  }

  private async hasLease(): Promise<boolean> {
    if (await this.lease.extend()) return true;
    this.backlog.clear();
    this.searchSoon();
    return this.lease.acquire();
  }

  private lagSeconds(): number {
    const { since } = this.backlog;
    return since === null ? 0 : Math.max(this.clock.millis() - since.getTime(), 0) / 1_000;
  }

  private state(): object {
    if (this.config.analyticsPurger === 'off') return { purger: 'off' };
    const problem = this.claimProblem ?? this.problem;
    return {
      purger: this.lease.held ? 'active' : 'standby',
      lag_seconds: Math.round(this.lagSeconds()),
      waiting: this.backlog.records,
      ...(problem === null ? {} : { problem }),
    };
  }
}

/** What Redis says of itself names the command that it refuses; other messages may name addresses. */
const problemOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'Error';
  return error.name === 'ReplyError' ? error.message.slice(0, 200) : error.name;
};

const outcomesOf = ({ records, uptime, unreadable }: Chunk, leftOut: number) => ({
  stored: records.length - leftOut,
  left_out: leftOut,
  uptime: uptime.length,
  unreadable: unreadable.length,
});

/** BadValue, FailedToParse, TypeMismatch, InvalidBSON, DocumentValidationFailure, BSONObjectTooLarge, KeyTooLong. */
const refusals: ReadonlySet<unknown> = new Set([2, 9, 14, 22, 121, 10_334, 17_280, 17_419]);

/** Whether MongoDB or its driver will never take these documents, so that it is worth finding out which one it is. */
const isRefusal = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false;
  // The latter is said of a document that is too large.
  const isOfDriver = error.name.startsWith('BSON') || error.name === 'MongoInvalidArgumentError';
  if (isOfDriver || error instanceof RangeError) return true;
  return 'code' in error && refusals.has(error.code);
};
