import type { Connection, mongo, Types } from 'mongoose';
import { inTransaction } from '../in-transaction';
import type { KeyRow } from './key-row';
import { foundByOf, saysWhatFinds } from './key-terms';

/** Rows that are read and written at a time. */
const batch = 500;

/**
 * Notes what keys are found by in rows of a program that did not. One that changes meanwhile is left alone: whoever changes it notes
 * it, too, or leaves it for the next time.
 *
 * @param which rows to look at
 */
export async function noteWhatFinds(connection: Connection, which: mongo.Filter<KeyRow>): Promise<void> {
  const keys = connection.collection<KeyRow>('keys');
  let last: Types.ObjectId | undefined;
  for (;;) {
    const rows = await keys
      .find(last === undefined ? which : { ...which, _id: { $gt: last } })
      .sort({ _id: 1 })
      .limit(batch)
      .toArray();
    last = rows.at(-1)?._id;
    if (last === undefined) return;
    const operations = rows
      .filter((row) => !saysWhatFinds(row))
      .map((row) => {
        const { _id, version } = row;
        return { updateOne: { filter: { _id, version }, update: { $set: { foundBy: foundByOf(row) } } } };
      });
    if (operations.length > 0) await inTransaction(connection, (session) => keys.bulkWrite(operations, { session }));
  }
}
