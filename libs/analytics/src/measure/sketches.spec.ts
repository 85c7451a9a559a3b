import fc from 'fast-check';
import { bucketOf, mergeSketch, percentiles } from './latency-sketch';
import { mergeRegisters, registerOf, uniqueCount } from './unique-counter';

const sketchOf = (values: readonly number[]): Map<number, number> => {
  const sketch = new Map<number, number>();
  for (const value of values) mergeSketch(sketch, [[bucketOf(value), 1]]);
  return sketch;
};

const shares = [0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];

/** What a sort says: the value at the nearest rank. */
const exactly = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.max(Math.ceil(share * sorted.length), 1) - 1] ?? Number.NaN;
};

const latencies = fc.array(fc.oneof(fc.constant(0), fc.nat(20), fc.nat(100_000)), { minLength: 1, maxLength: 200 });

describe('the latency sketch', () => {
  it('says every percentile within 1 % of what a sort says', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const said = percentiles(sketchOf(values), shares);
        for (const [index, share] of shares.entries()) {
          const exact = exactly(values, share);
          expect(Math.abs((said[index] ?? NaN) - exact)).toBeLessThanOrEqual(exact * 0.01 + 1e-9);
        }
      }),
    );
  });

  it('says the same of parts that are merged as of the whole, in any order', () => {
    fc.assert(
      fc.property(fc.array(latencies, { minLength: 1, maxLength: 24 }), (parts) => {
        const forwards = sketchOf([]);
        const backwards = sketchOf([]);
        for (const part of parts) mergeSketch(forwards, sketchOf(part));
        for (const part of [...parts].reverse()) mergeSketch(backwards, sketchOf(part));
        const whole = percentiles(sketchOf(parts.flat()), shares);
        expect(percentiles(forwards, shares)).toEqual(whole);
        expect(percentiles(backwards, shares)).toEqual(whole);
      }),
    );
  });

  it('forgets no zeros when it merges', () => {
    const merged = sketchOf(Array.from({ length: 100 }, () => 0));
    mergeSketch(merged, sketchOf(Array.from({ length: 100 }, () => 50)));
    const [p25, p75] = percentiles(merged, [0.25, 0.75]);
    expect(p25).toBe(0);
    expect(Math.abs((p75 ?? 0) - 50)).toBeLessThanOrEqual(0.5);
    expect([...merged.values()].reduce((sum, count) => sum + count, 0)).toBe(200);
  });

  it('counts a negative latency as none', () => {
    expect(percentiles(sketchOf([-1]), [0.5])).toEqual([0]);
  });

  it('puts percentiles of few values in order, and none beyond the largest', () => {
    const values = [186, 424, 881];
    const [p10 = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0] = percentiles(sketchOf(values), [0.1, 0.5, 0.9, 0.95, 0.99], {
      min: 186,
      max: 881,
    });
    expect([p10, p50, p90, p95, p99]).toEqual([...[p10, p50, p90, p95, p99]].sort((a, b) => Number(a) - Number(b)));
    expect(Math.abs(Number(p50) - 424)).toBeLessThanOrEqual(4.24);
    expect(Number(p99)).toBeLessThanOrEqual(881);
  });

  it('says nothing of nothing', () => {
    expect(percentiles(new Map(), [0.5, 0.99])).toEqual([null, null]);
    const merged = new Map<number, number>();
    mergeSketch(merged, sketchOf([7]));
    expect(percentiles(merged, [0.5])).toEqual([7]);
  });

  it('has a bounded number of buckets', () => {
    expect(bucketOf(Number.MAX_SAFE_INTEGER)).toBeLessThan(1_000);
  });
});

const counterOf = (members: readonly string[]): Map<number, number> => {
  const counter = new Map<number, number>();
  for (const member of members) mergeRegisters(counter, [registerOf(member)]);
  return counter;
};

describe('the counter of unique members', () => {
  it.each([0, 1, 10, 100, 1_000, 10_000, 50_000])('says %d within 5 %', (count) => {
    const said = uniqueCount(counterOf(Array.from({ length: count }, (_, index) => `member ${index}`)));
    expect(Math.abs(said - count)).toBeLessThanOrEqual(count * 0.05);
  });

  it('does not count a member twice, however often it comes and whatever is merged', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (left, right) => {
        const merged = counterOf(left);
        mergeRegisters(merged, counterOf(right));
        mergeRegisters(merged, counterOf(left));
        expect(merged).toEqual(counterOf([...right, ...left]));
      }),
    );
  });
});
