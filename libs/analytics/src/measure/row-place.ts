import { createHash } from 'node:crypto';
import type { Dimensions, RollupKind, RollupRow, RollupUnit } from './row';

/** What tells a row from every other one. */
export type RowPlace = Pick<RollupRow, 'orgId' | 'unit' | 'at' | 'kind' | 'dimensions'>;

export const unitMs: Readonly<Record<RollupUnit, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Rows of so much time are stored together, as far as there is room: minutes by the hour, hours by the day. */
export const spanMs: Readonly<Record<RollupUnit, number>> = {
  minute: unitMs.hour,
  hour: unitMs.day,
  day: 30 * unitMs.day,
};

const startOf = (lengthMs: number, at: Date): Date => new Date(Math.floor(at.getTime() / lengthMs) * lengthMs);

/** Beginning of the bucket. */
export const bucketStart = (unit: RollupUnit, at: Date): Date => startOf(unitMs[unit], at);

/** Beginning of the time whose rows are stored together. */
export const spanStart = (unit: RollupUnit, at: Date): Date => startOf(spanMs[unit], at);

/** The same for the same row, and for no other one. */
export const rowName = ({ orgId, unit, at, kind, dimensions }: RowPlace): string => {
  const { api, version, key, path, code, oauth, tag, country } = dimensions;
  return JSON.stringify([orgId, unit, at.getTime(), kind, api, version, key, path, code, oauth, tag, country]);
};

const digest = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('base64url').slice(0, length);

/** A short name of a row, the same wherever it is computed. */
export const rowId = (place: RowPlace): string => digest(rowName(place), 22);

/** The dimension of each kind by whose values questions ask; rows that have the same lie side by side. */
export const leadingDimension: Readonly<Record<RollupKind, Exclude<keyof Dimensions, 'code'> | null>> = {
  total: null,
  api: 'api',
  key: 'key',
  endpoint: 'path',
  keyEndpoint: 'key',
  error: 'api',
  oauth: 'oauth',
  tag: 'tag',
  country: 'country',
};

/** Comes after every place. */
export const lastPlace = '~';

/** What the places of all rows begin with that are of the bucket which this instant is in. */
export const bucketMark = (unit: RollupUnit, at: Date): string => {
  const index = Math.floor((at.getTime() - spanStart(unit, at).getTime()) / unitMs[unit]);
  return String(index).padStart(2, '0');
};

/** What follows in the places of rows that have this value of the leading dimension. */
export const valueMark = (value: string): string => digest(value, 8);

/**
 * Where a row stands among those that are stored together: by time, then by the leading dimension. Plain ASCII, whatever the
 * row is called, so that it sorts the same everywhere.
 */
export const placeOf = (row: RowPlace): string => {
  const leading = leadingDimension[row.kind];
  const value = leading === null ? '' : (row.dimensions[leading] ?? '');
  return bucketMark(row.unit, row.at) + valueMark(value) + rowId(row);
};
