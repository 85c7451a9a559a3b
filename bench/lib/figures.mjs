/** Figures of one run, and how they are written down. */

/**
 * @param {readonly number[]} values
 * @param {number} share 0.5 is the median
 */
export const percentile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};

/** @param {readonly number[]} values milliseconds */
export const summarise = (values) => ({
  n: values.length,
  p50: percentile(values, 0.5),
  p99: percentile(values, 0.99),
  max: Math.max(...values),
});

const round = (/** @type {number} */ value) => (value < 10 ? value.toFixed(2) : value.toFixed(0));

/** @param {ReturnType<typeof summarise>} summary */
export const milliseconds = ({ n, p50, p99, max }) =>
  `p50 ${round(p50)} ms, p99 ${round(p99)} ms, max ${round(max)} ms (n ${n})`;

/**
 * @param {(() => Promise<unknown>)} work
 * @returns {Promise<number>} milliseconds
 */
export const timed = async (work) => {
  const began = performance.now();
  await work();
  return performance.now() - began;
};

/**
 * Runs work until the time is over, in several lanes at once.
 *
 * @param {{ lanes: number, forMs: number }} plan
 * @param {(lane: number) => Promise<unknown>} work
 */
export const sustain = async ({ lanes, forMs }, work) => {
  /** @type {number[]} */
  const times = [];
  const end = performance.now() + forMs;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (performance.now() < end) times.push(await timed(() => work(lane)));
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  return { perSecond: times.length / seconds, ...summarise(times) };
};
