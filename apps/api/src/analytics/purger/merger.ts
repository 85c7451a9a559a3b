import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { RowMerge, type RollupRow } from '@castellan/analytics';
import { Clock } from '@castellan/observability';
import { AnalyticsCollections, type SegmentDocument } from '../storage/collections';
import { rollupUpdate } from '../storage/rollup-document';
import { Pace } from './pace';
import { RowLimits } from './row-limits';
import { rowsIn } from './segments';

/** Most rows that are updated in one transaction. */
const mostRows = 5_000;
/** Segments that are read at a time. */
const mostSegments = 200;

/** Another purger has merged some of these segments. */
class SegmentsMoved extends Error {
  constructor() {
    super('Segments have been merged without us');
    this.name = 'SegmentsMoved';
  }
}

/**
 * Merges what the purger put down into the rollups, a row for each bucket and combination of dimensions. A row that many
 * chunks of records count in is updated once for all of them.
 */
@Injectable()
export class Merger {
  private readonly pace = new Pace(mostRows);

  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly limits: RowLimits,
    private readonly clock: Clock,
  ) {}

  /** Merges some segments. @returns whether there is more to do right now */
  async mergeSome(): Promise<boolean> {
    await this.collections.prepare([]);
    const [oldest] = await this.collections.segments.find().sort({ _id: 1 }).limit(1).toArray();
    if (oldest === undefined) return false;
    const found = await this.collections.segments
      .find({ orgId: oldest.orgId })
      .sort({ _id: 1 })
      .limit(mostSegments)
      .toArray();
    const { segments, rows } = await this.fitting(found);
    const began = performance.now();
    try {
      await this.store(segments, rows);
    } catch (error) {
      this.pace.slow();
      throw error;
    }
    this.pace.took(rows.length, performance.now() - began);
    return true;
  }

  /** As many of the segments as one transaction should take, and what they come to. */
  private async fitting(
    found: readonly SegmentDocument[],
  ): Promise<{ readonly segments: readonly SegmentDocument[]; readonly rows: readonly RollupRow[] }> {
    const merge = new RowMerge(this.limits);
    const segments: SegmentDocument[] = [];
    for (const segment of found) {
      if (segments.length > 0 && merge.rows.length >= this.pace.records) break;
      await nextTurn();
      const rows = rowsIn(segment);
      await this.limits.prepare(rows);
      for (const row of rows) merge.add(row);
      segments.push(segment);
    }
    return { segments, rows: merge.rows };
  }

  private async store(segments: readonly SegmentDocument[], rows: readonly RollupRow[]): Promise<void> {
    const now = this.clock.now();
    // Always in the same order, so that two that do this wait for each other instead of both giving up.
    const ordered = [...rows].sort((left, right) => (left.id < right.id ? -1 : 1));
    const updates = ordered.map((row) => rollupUpdate(row, now));
    await this.collections.inTransaction(async (session) => {
      const _id = { $in: segments.map((segment) => segment._id) };
      const { deletedCount } = await this.collections.segments.deleteMany({ _id }, { session });
      if (deletedCount !== segments.length) throw new SegmentsMoved();
      await this.collections.rollups.bulkWrite(updates, { session, ordered: false });
    });
  }
}
