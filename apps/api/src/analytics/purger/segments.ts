import { mongo } from 'mongoose';
import { packRows, rollupKinds, type RollupRow } from '@castellan/analytics';
import type { SegmentDocument } from '../storage/collections';

/** Rows in one segment: few enough that a question opens little that it does not ask for. */
const rowsEach = 500;

/** Rows of different organisations never share a segment. */
export const segmentsOf = (rows: readonly RollupRow[]): readonly SegmentDocument[] => {
  const byOrganisation = new Map<string, RollupRow[]>();
  for (const row of rows) {
    const own = byOrganisation.get(row.orgId);
    if (own === undefined) byOrganisation.set(row.orgId, [row]);
    else own.push(row);
  }
  return [...byOrganisation].flatMap(([orgId, own]) => {
    const sorted = own.sort((left, right) => rollupKinds.indexOf(left.kind) - rollupKinds.indexOf(right.kind));
    return Array.from({ length: Math.ceil(sorted.length / rowsEach) }, (_, part) =>
      segment(orgId, sorted.slice(part * rowsEach, (part + 1) * rowsEach)),
    );
  });
};

const segment = (orgId: string, rows: readonly RollupRow[]): SegmentDocument => {
  const times = rows.map(({ at }) => at.getTime());
  const pack = packRows(rows);
  return {
    _id: new mongo.ObjectId(),
    orgId,
    first: new Date(Math.min(...times)),
    last: new Date(Math.max(...times)),
    kinds: [...new Set(rows.map(({ kind }) => kind))],
    rows: new mongo.Binary(pack.rows),
    callers: new mongo.Binary(pack.callers),
  };
};
