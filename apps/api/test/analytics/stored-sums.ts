import type { RollupKind, RollupRow, RollupUnit } from '@castellan/analytics';
import type { mongo } from 'mongoose';
import { rowsIn, type SumsDocument } from '../../src/analytics/storage/sums-document';

/** The rows that are stored, merged, of some of the sums. */
export const storedSums = async (
  db: mongo.Db,
  filter: Partial<{ readonly orgId: string; readonly kind: RollupKind; readonly unit: RollupUnit }> = {},
): Promise<readonly RollupRow[]> => {
  const documents = await db.collection<SumsDocument>('analytics_sums').find(filter).toArray();
  return documents.flatMap(rowsIn);
};
