import * as fc from 'fast-check';
import { formatDuration, parseDuration, SECOND } from './durations';

describe('durations', () => {
  it.each([
    ['1h30m', 5400 * SECOND],
    ['1.5s', 1.5 * SECOND],
    ['10ms', 10_000_000],
    ['5µs', 5_000],
    ['5us', 5_000],
    ['0', 0],
    ['', 0],
  ])('are read from %s', (text, nanoseconds) => {
    expect(parseDuration(text)).toBe(nanoseconds);
  });

  it('are nothing where nodes read nothing', () => {
    for (const text of ['60', 'PT1M', '1 h', 's', '1h 30m', '1d']) expect(parseDuration(text)).toBe(0);
  });

  it('come back as they were written', () => {
    expect(formatDuration(90 * SECOND)).toBe('1m30s');
    expect(formatDuration(0)).toBe('0s');
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 50 }), (nanoseconds) => {
        expect(parseDuration(formatDuration(nanoseconds))).toBe(nanoseconds);
      }),
    );
  });
});
