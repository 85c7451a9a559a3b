import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import type { RollupRow } from '@castellan/analytics';
import { AnalyticsCollections } from './collections';
import { rollupDocument } from './rollup-document';

/** Rows that are read and written at a time. */
const atOnce = 500;

/** The sums as MongoDB has them. */
@Injectable()
export class RollupStore {
  constructor(private readonly collections: AnalyticsCollections) {}

  /**
   * Adds rows to what there is. Read and replaced in the same transaction, because a database replaces a document many times
   * as fast as it changes some fields of it; whoever has changed a row since it was read makes the transaction fail.
   */
  async add(rows: readonly RollupRow[], now: Date, session: mongo.ClientSession): Promise<void> {
    for (let from = 0; from < rows.length; from += atOnce) {
      await this.addSome(rows.slice(from, from + atOnce), now, session);
    }
  }

  private async addSome(rows: readonly RollupRow[], now: Date, session: mongo.ClientSession): Promise<void> {
    const { rollups } = this.collections;
    const found = await rollups.find({ _id: { $in: rows.map(({ id }) => id) } }, { session }).toArray();
    const known = new Map(found.map((row) => [row._id, row]));
    await nextTurn();
    const documents = rows.map((row) => rollupDocument(row, now, known.get(row.id)));
    const added = documents.filter(({ _id }) => !known.has(_id));
    const changed = documents.filter(({ _id }) => known.has(_id));
    if (added.length > 0) await rollups.insertMany(added, { session, ordered: false });
    if (changed.length === 0) return;
    const replacements = changed.map((replacement) => ({
      replaceOne: { filter: { _id: replacement._id }, replacement },
    }));
    await rollups.bulkWrite(replacements, { session, ordered: false });
  }
}
