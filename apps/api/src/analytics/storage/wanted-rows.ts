import {
  bucketMark,
  lastPlace,
  spanMs,
  spanStart,
  unitMs,
  type RollupKind,
  type RollupUnit,
  valueMark,
} from '@castellan/analytics';
import type { SumsHead } from './sums-document';

/** Which rows are wanted. */
export interface WantedRows {
  readonly orgId: string;
  readonly kinds: readonly RollupKind[];
  readonly unit: RollupUnit;
  readonly from: Date;
  readonly until: Date;
  /** Values of the leading dimension; all when there are none. Rows of others may come as well. */
  readonly values?: readonly string[];
  /** Whether different callers are asked for. */
  readonly callers?: boolean;
}

/** With more values than this, everything is read. */
const mostValues = 20;

/** The spans of time that the rows are stored under. */
export const spansOf = ({ unit, from, until }: WantedRows): { readonly first: Date; readonly last: Date } => ({
  first: spanStart(unit, from),
  last: spanStart(unit, new Date(until.getTime() - 1)),
});

/** Whether any of the rows may be in this document. */
export const mayHold = (head: SumsHead, { unit, from, until, values = [] }: WantedRows): boolean => {
  const spanEnd = head.at.getTime() + spanMs[unit];
  const first = bucketMark(unit, new Date(Math.max(from.getTime(), head.at.getTime())));
  const last = bucketMark(unit, new Date(Math.min(until.getTime(), spanEnd) - 1));
  if (head.until <= first || head.low > last + lastPlace) return false;
  if (values.length === 0 || values.length > mostValues) return true;
  const marks = values.map(valueMark);
  return holdsFrom(head, marks, Number(first), Number(last));
};

/** Whether rows that have this value of the leading dimension may be in this document. @param mark see `valueMark` */
export const mayHoldValue = (head: SumsHead, mark: string): boolean =>
  holdsFrom(head, [mark], 0, spanMs[head.unit] / unitMs[head.unit] - 1);

const holdsFrom = ({ unit, at, low, until }: SumsHead, marks: readonly string[], first: number, last: number) => {
  for (let index = first; index <= last; index += 1) {
    const bucket = bucketMark(unit, new Date(at.getTime() + index * unitMs[unit]));
    if (marks.some((mark) => low <= bucket + mark + lastPlace && until > bucket + mark)) return true;
  }
  return false;
};
