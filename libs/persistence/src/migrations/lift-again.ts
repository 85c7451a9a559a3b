import type { Connection, Types } from 'mongoose';
import { isJsonObject, parseJson, type JsonObject } from '@castellan/tyk';

/** Rows that are written at a time. */
const batch = 500;

interface Stored {
  readonly _id: Types.ObjectId;
  readonly version: number;
  readonly document: string;
}

/**
 * Lifts fields out of the documents of a collection again, for rows that were written before a field was lifted, or when
 * it is lifted in another way now. Only rows whose fields differ are written, and only while they are of the version that
 * was read: whoever writes one meanwhile has lifted it already.
 *
 * @returns how many rows were written
 */
export const liftAgain = async (
  connection: Connection,
  collection: string,
  lift: (document: JsonObject) => Readonly<Record<string, string | number | boolean | readonly string[]>>,
): Promise<number> => {
  const rows = connection.collection<Stored & Readonly<Record<string, unknown>>>(collection);
  let written = 0;
  let last: Types.ObjectId | undefined;
  for (;;) {
    const page = await rows
      .find(last === undefined ? {} : { _id: { $gt: last } })
      .sort({ _id: 1 })
      .limit(batch)
      .toArray();
    if (page.length === 0) return written;
    last = page.at(-1)?._id;
    const operations = page.flatMap((row) => {
      const document = parseJson(row.document);
      const fields = isJsonObject(document) ? Object.entries(lift(document)) : [];
      const changed = fields.filter(([name, value]) => JSON.stringify(row[name]) !== JSON.stringify(value));
      if (changed.length === 0) return [];
      const { _id, version } = row;
      return [{ updateOne: { filter: { _id, version }, update: { $set: Object.fromEntries(changed) } } }];
    });
    if (operations.length > 0) written += (await rows.bulkWrite(operations, { ordered: false })).modifiedCount;
  }
};
