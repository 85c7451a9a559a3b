import { decodePosition, encodePosition, type Place, type PositionValue } from '@castellan/persistence';

/** One of the values that a list is in the order of. */
interface OrderKey<Row> {
  readonly valueOf: (row: Row) => PositionValue;
  readonly direction: 1 | -1;
}

/** The order of a list; its last key has to be unique, so that a position stands between two rows. */
export interface ListOrder<Row> {
  readonly name: string;
  readonly keys: readonly OrderKey<Row>[];
}

const comparable = (value: PositionValue): string | number => {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'object' ? value.toString() : value;
};

const compare = (a: PositionValue, b: PositionValue): number => {
  const [left, right] = [comparable(a), comparable(b)];
  return left < right ? -1 : Number(left > right);
};

const comparePlaces = <Row>(
  { keys }: ListOrder<Row>,
  a: readonly PositionValue[],
  b: readonly PositionValue[],
): number => {
  for (const [index, { direction }] of keys.entries()) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined || right === undefined) return 0;
    const difference = direction * compare(left, right);
    if (difference !== 0) return difference;
  }
  return 0;
};

const placeOfRow = <Row>({ keys }: ListOrder<Row>, row: Row): PositionValue[] =>
  keys.map(({ valueOf }) => valueOf(row));

/** Rows in an order. */
export const inOrder = <Row>(rows: readonly Row[], order: ListOrder<Row>): readonly Row[] =>
  rows.toSorted((a, b) => comparePlaces(order, placeOfRow(order, a), placeOfRow(order, b)));

/** The piece of a list in memory that is asked for, and where it ends; null when nothing comes after it. */
export const pieceInMemory = <Row>(
  rows: readonly Row[],
  order: ListOrder<Row>,
  place: Place,
  pageSize: number,
): { readonly shown: readonly Row[]; readonly next: string | null } => {
  if ('page' in place && place.page === null) return { shown: rows, next: null };
  const first = 'page' in place ? ((place.page ?? 1) - 1) * pageSize : firstAfter(rows, order, place.after);
  const shown = rows.slice(first, first + pageSize);
  const last = first + pageSize < rows.length ? shown.at(-1) : undefined;
  return { shown, next: last === undefined ? null : encodePosition(order.name, placeOfRow(order, last)) };
};

const firstAfter = <Row>(rows: readonly Row[], order: ListOrder<Row>, after: string): number => {
  const position = decodePosition(order.name, after);
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row !== undefined && comparePlaces(order, placeOfRow(order, row), position) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
};
