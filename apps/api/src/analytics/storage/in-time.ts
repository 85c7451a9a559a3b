/** A time, its end not included. */
export interface TimeSpan {
  readonly from: Date;
  readonly until: Date;
}

/** The time that is in both. Its end is not after its beginning when there is none. */
export const common = (one: TimeSpan, other: TimeSpan): TimeSpan => ({
  from: one.from < other.from ? other.from : one.from,
  until: one.until < other.until ? one.until : other.until,
});

/**
 * From one instant up to and without another. Times are whole milliseconds, so that `$gt` of the one before means `$gte`; the
 * embedded server misses the first instant of a range in an index whose order is falling, as tyk-pump's is.
 */
export const inTime = (from: Date, until: Date): { readonly $gt: Date; readonly $lt: Date } => ({
  $gt: new Date(from.getTime() - 1),
  $lt: until,
});
