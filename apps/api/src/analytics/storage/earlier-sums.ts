import { Injectable } from '@nestjs/common';
import { Clock } from '@castellan/observability';
import { segmentsOf } from '../purger/segments';
import { AnalyticsCollections } from './collections';
import { rowOf, unpacked } from './earlier-forms';
import { RollupStore, SumsMoved } from './rollup-store';

/** Rows, and segments, that are moved in one transaction. */
const rowsAtOnce = 2_000;
const segmentsAtOnce = 20;
/** How often it is looked whether there are some again: in an update replicas of the earlier version may go on for a while. */
const lookMs = 60_000;

/** Brings sums of earlier forms into the one that they have now. */
@Injectable()
export class EarlierSums {
  private movedAt = -Infinity;

  constructor(
    private readonly collections: AnalyticsCollections,
    private readonly rollups: RollupStore,
    private readonly clock: Clock,
  ) {}

  /** @returns whether there may be more */
  async moveSome(): Promise<boolean> {
    if (performance.now() - this.movedAt < lookMs) return false;
    if ((await this.moveRows()) || (await this.moveSegments())) return true;
    this.movedAt = performance.now();
    return false;
  }

  private async moveRows(): Promise<boolean> {
    const { earlierRows } = this.collections;
    const found = await earlierRows.find().sort({ orgId: 1, kind: 1, unit: 1, at: 1 }).limit(rowsAtOnce).toArray();
    if (found.length === 0) return false;
    await this.collections.inTransaction(async (session) => {
      const _id = { $in: found.map((row) => row._id) };
      const { deletedCount } = await earlierRows.deleteMany({ _id }, { session });
      if (deletedCount !== found.length) throw new SumsMoved();
      await this.rollups.add(found.map(rowOf), this.clock.now(), session);
    });
    return true;
  }

  private async moveSegments(): Promise<boolean> {
    const { earlierSegments, segments } = this.collections;
    const found = await earlierSegments.find().limit(segmentsAtOnce).toArray();
    if (found.length === 0) return false;
    const moved = segmentsOf(found.flatMap(({ rows }) => unpacked(Buffer.from(rows.buffer))));
    await this.collections.inTransaction(async (session) => {
      const _id = { $in: found.map((segment) => segment._id) };
      const { deletedCount } = await earlierSegments.deleteMany({ _id }, { session });
      if (deletedCount !== found.length) throw new SumsMoved();
      if (moved.length > 0) await segments.insertMany(moved, { session, ordered: false });
    });
    return true;
  }
}
