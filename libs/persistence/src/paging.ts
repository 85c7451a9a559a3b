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
  query.limit(shown(pageSize));
  const [found, total] = await Promise.all([query.lean<Row[]>().exec(), count()]);
  return { ...endOf(found, sort, pageSize), total };
};

/**
 * A piece of a list together with the number of all its rows, in one command, for those who had to ask for something else
 * first.
 *
 * @param filter with values of the types that the database has: nothing is cast
 */
export const pieceWithTotal = async <Row extends object>(
  model: Model<Row>,
  filter: QueryFilter<Row>,
  { sort, place, pageSize, without = [] }: Piece,
): Promise<Page<Row>> => {
  const bounds = 'page' in place && place.page === null ? [] : boundsOf(place, pageSize);
  const total = [{ $match: filter }, { $group: { _id: null, allRows: { $sum: 1 } } }];
  const answers = await model
    .aggregate<Row | Total>([
      { $match: 'after' in place ? beyond(filter, sort, place.after) : filter },
      { $sort: { ...sort } },
      ...bounds,
      ...(without.length === 0 ? [] : [{ $project: Object.fromEntries(without.map((field) => [field, 0 as const])) }]),
      { $unionWith: { coll: model.collection.collectionName, pipeline: total } },
    ])
    .exec();
  const counted = answers.find(isTotal);
  // A union promises no order.
  const found = inOrder(
    answers.filter((one): one is Row => !isTotal(one)),
    sort,
  );
  if (bounds.length === 0) return { rows: found, total: found.length, next: null };
  return { ...endOf(found, sort, pageSize), total: counted?.allRows ?? 0 };
};

interface Total {
  readonly allRows: number;
}

const isTotal = (answer: object): answer is Total => 'allRows' in answer;

const boundsOf = (place: Place, pageSize: number): ({ $skip: number } | { $limit: number })[] => {
  const page = 'page' in place ? (place.page ?? 1) : 1;
  return [...(page > 1 ? [{ $skip: (page - 1) * pageSize }] : []), { $limit: shown(pageSize) }];
};

/** One more than is shown tells whether anything comes after it. */
const shown = (pageSize: number): number => pageSize + 1;

export const endOf = <Row extends object>(
  found: readonly Row[],
  sort: Sort,
  pageSize: number,
): Pick<Page<Row>, 'rows' | 'next'> => {
  const rows = found.slice(0, pageSize);
  const last = found.length > pageSize ? rows.at(-1) : undefined;
  return { rows, next: last === undefined ? null : positionOf(last, sort) };
};

const inOrder = <Row extends object>(rows: readonly Row[], sort: Sort): readonly Row[] => {
  const placed = rows.map((row) => ({ row, values: valuesOf(row, sort).map(comparable) }));
  const directions = Object.values(sort);
  const compare = (a: readonly (string | number)[], b: readonly (string | number)[]): number => {
    const at = directions.findIndex((_, index) => a[index] !== b[index]);
    return at < 0 ? 0 : ((a[at] ?? '') < (b[at] ?? '') ? -1 : 1) * (directions[at] ?? 1);
  };
  return placed.sort((a, b) => compare(a.values, b.values)).map(({ row }) => row);
};

const comparable = (value: PositionValue): string | number => {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'number' ? value : value.toString();
};

const nameOf = (sort: Sort): string =>
  Object.entries(sort)
    .map(([field, direction]) => `${direction === 1 ? '' : '-'}${field}`)
    .join();

/** Where in a list of this order a position is. @throws ValidationFailed for one of another list */
export const positionIn = (sort: Sort, after: string): readonly PositionValue[] => decodePosition(nameOf(sort), after);

const positionOf = (row: object, sort: Sort): string => encodePosition(nameOf(sort), valuesOf(row, sort));

const valuesOf = (row: object, sort: Sort): readonly PositionValue[] => {
  const values = new Map<string, unknown>(Object.entries(row));
  return Object.keys(sort).map((field) => positionValue(values.get(field)));
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
