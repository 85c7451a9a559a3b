/**
 * A DDSketch of latencies (Masson, Rim, Lee: "DDSketch", VLDB 2019) whose buckets are plain counters by number. Two are
 * merged by adding; zeros have a bucket of their own like any other value.
 */

/** How far a percentile may be off, as a share of the value. */
const accuracy = 0.01;
const gamma = (1 + accuracy) / (1 - accuracy);
const logGamma = Math.log(gamma);

/** A day in milliseconds: no gateway waits longer, and it bounds the number of buckets. */
const longest = 86_400_000;

/** Below it each whole millisecond is told apart exactly. */
const exactBelow = 25;

/** Counts by bucket. */
export type Sketch = ReadonlyMap<number, number>;

/** Bucket 0 holds zeros, and what clocks that ran backwards made negative. @param value milliseconds */
export const bucketOf = (value: number): number =>
  value <= 0 ? 0 : Math.max(1 + Math.ceil(Math.log(Math.min(value, longest)) / logGamma), 1);

/** The value that stands for all in a bucket. */
const valueOf = (bucket: number): number => {
  if (bucket === 0) return 0;
  const value = (2 * gamma ** (bucket - 1)) / (gamma + 1);
  return value < exactBelow ? Math.round(value) : value;
};

/** Adds what one sketch has to another. */
export const mergeSketch = (into: Map<number, number>, from: Iterable<readonly [number, number]>): void => {
  for (const [bucket, count] of from) into.set(bucket, (into.get(bucket) ?? 0) + count);
};

/** Most come sorted: what was packed is. */
const inOrder = (buckets: [number, number][]): readonly (readonly [number, number])[] => {
  let before = -1;
  for (const [bucket] of buckets) {
    if (bucket < before) return buckets.sort(([left], [right]) => left - right);
    before = bucket;
  }
  return buckets;
};

/**
 * Nearest-rank percentiles, in milliseconds, within 1 % of the true value; null for each of an empty sketch.
 *
 * @param shares between 0 and 1, such as 0.95
 * @param bounds smallest and largest value that was seen, when known: no percentile lies outside of them
 */
export const percentiles = (
  sketch: Sketch,
  shares: readonly number[],
  bounds: { readonly min: number | null; readonly max: number | null } = { min: null, max: null },
): readonly (number | null)[] => {
  const buckets = inOrder([...sketch].filter(([, count]) => count > 0));
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  return shares.map((share) => {
    const rank = Math.max(Math.ceil(share * total), 1);
    let seen = 0;
    for (const [bucket, count] of buckets) {
      seen += count;
      if (seen < rank) continue;
      const value = valueOf(bucket);
      return Math.min(Math.max(value, bounds.min ?? value), bounds.max ?? value);
    }
    return null;
  });
};
