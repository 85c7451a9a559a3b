/**
 * From one instant up to and without another. Times are whole milliseconds, so that `$gt` of the one before means `$gte`; the
 * embedded server misses the first instant of a range in an index whose order is falling, as tyk-pump's is.
 */
export const inTime = (from: Date, until: Date): { readonly $gt: Date; readonly $lt: Date } => ({
  $gt: new Date(from.getTime() - 1),
  $lt: until,
});
