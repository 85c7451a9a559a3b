import { Stretches } from './log-stretches';

const until = new Date('2026-11-26T12:00:00Z');
const dayMs = 86_400_000;
const ample = { check: () => undefined };

/** Walks through a day of so many requests a second, until enough are found. */
const walk = (perSecond: number, wanted: number): { readonly reads: number; readonly found: number } => {
  const stretches = new Stretches({ from: new Date(until.getTime() - dayMs), until }, ample);
  let [reads, found] = [0, 0];
  for (let next = stretches.next; next !== null && found < wanted; next = stretches.next) {
    const here = Math.round(((next.until.getTime() - next.from.getTime()) / 1_000) * perSecond);
    reads += 1;
    found += here;
    stretches.goOn(here, wanted - found);
  }
  return { reads, found };
};

describe('the stretches in which a log is looked through', () => {
  it('cover all of the time once, from its end to its beginning', () => {
    const from = new Date(until.getTime() - dayMs);
    const stretches = new Stretches({ from, until }, ample);
    let end = until.getTime();
    let reads = 0;
    for (let next = stretches.next; next !== null; next = stretches.next) {
      expect(next.until.getTime()).toBe(end);
      expect(next.from.getTime()).toBeLessThan(end);
      end = next.from.getTime();
      stretches.goOn(0, 11);
      reads += 1;
    }
    expect([end, reads]).toEqual([from.getTime(), 7]);
  });

  it.each([
    ['a million a day', 11.6],
    ['one a second', 1],
    ['one an hour', 1 / 3_600],
    ['a thousand a second', 1_000],
  ])('find a page soon, and not much more than that: of %s', (_, perSecond) => {
    const { reads, found } = walk(perSecond, 11);
    expect(reads).toBeLessThanOrEqual(7);
    // No fewer than what the first one has can be looked at, nor more than the next one has when the first had nothing.
    expect(found).toBeLessThanOrEqual(Math.max(11 * 6, perSecond * 10));
  });

  it('find ten thousand without going through many more', () => {
    const { reads, found } = walk(11.6, 10_000);
    expect(found).toBeGreaterThanOrEqual(10_000);
    expect(found).toBeLessThan(13_000);
    expect(reads).toBeLessThan(8);
  });

  it('come to an end with the time that a question may take, however far it is to the first request', () => {
    let left = 3;
    const scarce = {
      check: () => {
        left -= 1;
        if (left < 0) throw new Error('It takes too long');
      },
    };
    const stretches = new Stretches({ from: new Date(0), until }, scarce);
    for (let read = 0; read < 3; read += 1) {
      expect(stretches.next).not.toBeNull();
      stretches.goOn(0, 10);
    }
    expect(() => stretches.next).toThrow('It takes too long');
  });
});
