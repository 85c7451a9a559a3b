import { Types, type Model, type QueryFilter } from 'mongoose';
import { decodePosition, encodePosition, type PositionValue } from './position';

/** Which piece of a list: a page, of which 1 is the first and null everything, or what comes after a position. */
export type Place = { readonly page: number | null } | { readonly after: string };

/** The last field has to be unique, so that a position stands between two rows. */
type Sort = Readonly<Record<string, 1 | -1>>;

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Of the whole list. */
  readonly total: number;
  /** The position where the piece ends; null when nothing comes after it. */
  readonly next: string | null;
}

export interface Piece {
  readonly sort: Sort;
  readonly place: Place;
  readonly pageSize: number;
  /** Fields that are left out. */
  readonly without?: readonly string[];
}

/**
 * A piece of a list. By page, rows that are deleted meanwhile shift what is left, and the reader misses some; after a
 * position nothing is missed and nothing comes twice.
 */
export const pieceOf = async <Row extends object>(
  model: Model<Row>,
  filter: QueryFilter<Row>,
  { sort, place, pageSize, without = [] }: Piece,
  count: () => Promise<number>,
): Promise<Page<Row>> => {
  const query = model.find('after' in place ? beyond(filter, sort, place.after) : filter).sort({ ...sort });
  if (without.length > 0) query.select(Object.fromEntries(without.map((field) => [field, 0])));
  if ('page' in place && place.page === null) {
    const rows = await query.lean<Row[]>().exec();
    return { rows, total: rows.length, next: null };
  }
  if ('page' in place && place.page !== null) query.skip((place.page - 1) * pageSize);
  // One more than is shown tells whether anything comes after it.
  query.limit(pageSize + 1);
  const [found, total] = await Promise.all([query.lean<Row[]>().exec(), count()]);
  const rows = found.slice(0, pageSize);
  const last = found.length > pageSize ? rows.at(-1) : undefined;
  return { rows, total, next: last === undefined ? null : positionOf(last, sort) };
};

const nameOf = (sort: Sort): string =>
  Object.entries(sort)
    .map(([field, direction]) => `${direction === 1 ? '' : '-'}${field}`)
    .join();

const positionOf = (row: object, sort: Sort): string => {
  const values = new Map<string, unknown>(Object.entries(row));
  return encodePosition(
    nameOf(sort),
    Object.keys(sort).map((field) => positionValue(values.get(field))),
  );
};

const positionValue = (value: unknown): PositionValue => {
  if (value instanceof Types.ObjectId || value instanceof Date) return value;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError('A list is in the order of a field that has no place in a position');
};

/** The rows of a filter after a position: later in the first field, or equal there and later in the next, and so on. */
const beyond = <Row>(filter: QueryFilter<Row>, sort: Sort, after: string): QueryFilter<Row> => {
  const values = decodePosition(nameOf(sort), after);
  const fields = Object.entries(sort).map(([field, direction], index) => ({ field, direction, value: values[index] }));
  const later = fields.map(({ field, direction, value }, index) => ({
    ...Object.fromEntries(fields.slice(0, index).map((equal) => [equal.field, equal.value])),
    [field]: { [direction === 1 ? '$gt' : '$lt']: value },
  }));
  // Beside the filter and not around it: the embedded database finds no index inside an `$and`.
  return { ...filter, $and: [...('$and' in filter ? [{ $and: filter.$and }] : []), { $or: later }] };
};
