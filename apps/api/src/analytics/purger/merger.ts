import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import { bucketStart, RowMerge, RowSum, type RollupRow } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import { AnalyticsCollections, type SegmentDocument } from '../storage/collections';
import { EarlierSums } from '../storage/earlier-sums';
import { RollupStore } from '../storage/rollup-store';
import { rowsIn } from '../storage/sums-document';
import { AggregateWriter } from './aggregate-writer';
import { Pace } from './pace';
import { RowLimits } from './row-limits';

/** Most rows that are merged in one transaction, and held in memory. */
const mostRows = 40_000;
/** Rows that are merged first: each transaction reads and writes whole documents again, however few rows it adds to them. */
const firstRows = 20_000;
/** Segments that are read at a time. */
const mostSegments = 200;
/** Segments of hours that are not over which may wait: each query of such an hour reads those of its organisation. */
const mostWaiting = 100;

/** Another purger has merged some of these segments. */
class SegmentsMoved extends Error {
  constructor() {
    super('Segments have been merged without us');
    this.name = 'SegmentsMoved';
  }
}

/**
 * Merges what the purger put down into the rollups. A row that many chunks of records count in is written once for all of
 * them, and so are the rows that lie beside it.
 */
@Injectable()
export class Merger {
  private readonly pace = new Pace(mostRows, firstRows);

  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rollups: RollupStore,
    private readonly earlier: EarlierSums,
    private readonly limits: RowLimits,
    private readonly aggregates: AggregateWriter,
    private readonly clock: Clock,
  ) {}

  /** Merges some segments. @returns whether there is more to do right now */
  async mergeSome(): Promise<boolean> {
    await this.collections.prepare([]);
    if (await this.earlier.moveSome()) return true;
    const next = await this.next();
    if (next === null) return false;
    const { segments, sum } = await this.summed(await this.some(next), this.pace.records);
    await this.merge(segments, sum.rows);
    return true;
  }

  /**
   * Which segments come next. Those of an hour that goes on wait for its end, so that a row which gets hits all the time is
   * written once an hour, unless there are too many of them.
   */
  private async next(): Promise<mongo.Filter<SegmentDocument> | null> {
    const { segments } = this.collections;
    const isOver = { last: { $lt: bucketStart('hour', this.clock.now()) } };
    const ripe = await segments.findOne(isOver, { sort: { _id: 1 } });
    if (ripe !== null) return { orgId: ripe.orgId, ...isOver };
    const surplus = await segments.findOne({}, { sort: { _id: 1 }, skip: mostWaiting });
    return surplus === null ? null : { orgId: surplus.orgId };
  }

  private async some(filter: mongo.Filter<SegmentDocument>): Promise<readonly SegmentDocument[]> {
    return this.collections.segments.find(filter).sort({ _id: 1 }).limit(mostSegments).toArray();
  }

  /** What some of the segments come to: of as many as give so many rows. */
  private async summed(
    found: readonly SegmentDocument[],
    most: number,
  ): Promise<{ readonly segments: readonly SegmentDocument[]; readonly sum: RowSum }> {
    const sum = new RowSum();
    const segments: SegmentDocument[] = [];
    for (const segment of found) {
      if (segments.length > 0 && sum.size >= most) break;
      await nextTurn();
      for (const row of rowsIn(segment)) sum.add(row, row);
      segments.push(segment);
    }
    return { segments, sum };
  }

  private async merge(segments: readonly SegmentDocument[], found: readonly RollupRow[]): Promise<void> {
    const merge = new RowMerge(this.limits);
    await this.limits.prepare(found);
    for (const row of found) merge.add(row);
    const { rows } = merge;
    const began = performance.now();
    try {
      await this.store(segments, rows);
    } catch (error) {
      this.pace.slow();
      throw error;
    }
    this.pace.took(rows.length, performance.now() - began);
  }

  private async remove(segments: readonly SegmentDocument[], session: mongo.ClientSession): Promise<void> {
    const _id = { $in: segments.map((segment) => segment._id) };
    const { deletedCount } = await this.collections.segments.deleteMany({ _id }, { session });
    if (deletedCount !== segments.length) throw new SegmentsMoved();
  }

  private async store(segments: readonly SegmentDocument[], rows: readonly RollupRow[]): Promise<void> {
    const now = this.clock.now();
    const [first] = segments;
    const targets = first === undefined ? [] : await this.aggregates.targets(first.orgId);
    await this.collections.inTransaction(async (session) => {
      await this.remove(segments, session);
      await this.rollups.add(rows, now, session);
      await this.aggregates.add(targets, rows, session);
    });
  }
}
