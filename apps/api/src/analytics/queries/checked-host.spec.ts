import { CheckedHost } from './checked-host';

const start = Date.parse('2026-10-01T00:00:00Z');
const minuteMs = 60_000;

/** Checks a minute apart: `u` succeeded, `d` failed. */
const after = (checks: string, failures = 1) => {
  const host = new CheckedHost('http://upstream', 'api', failures);
  for (const [minute, check] of checks.split('').entries()) {
    const timestamp = new Date(start + minute * minuteMs);
    host.add({ timestamp, tcperror: check === 'd', servererror: false, requesttime: 2 });
  }
  return host.upTo(start + checks.length * minuteMs);
};

describe('a checked address', () => {
  it('is up all the time when no check failed', () => {
    expect(after('u'.repeat(100))).toMatchObject({
      availability: 100,
      outages: 0,
      changes: 0,
      flapping: false,
      up: true,
    });
  });

  it('was down once when one check of a thousand failed, unless it takes two in a row', () => {
    const checks = `${'u'.repeat(499)}d${'u'.repeat(500)}`;
    expect(after(checks)).toMatchObject({ failed: 1, outages: 1, changes: 2, availability: 99.9 });
    expect(after(checks, 2)).toMatchObject({ failed: 1, outages: 0, changes: 0, availability: 100 });
  });

  it('was down from the first of the failed checks that make an outage', () => {
    expect(after(`${'u'.repeat(8)}dd`, 2)).toMatchObject({ failed: 2, outages: 1, availability: 80, up: false });
    expect(after(`${'u'.repeat(7)}ddd`, 2)).toMatchObject({ failed: 3, outages: 1, availability: 70, up: false });
  });

  it('flaps when it goes up and down all the time, and says how often it did', () => {
    expect(after('ud'.repeat(5))).toMatchObject({ outages: 5, changes: 9, flapping: true });
    expect(after('ud'.repeat(2))).toMatchObject({ outages: 2, changes: 3, flapping: false });
  });

  it('flaps no more an hour later', () => {
    expect(after(`${'ud'.repeat(5)}${'u'.repeat(70)}`)).toMatchObject({ outages: 5, changes: 10, flapping: false });
  });

  it('that was down at the first check did not change by that', () => {
    expect(after('ddu')).toMatchObject({ outages: 1, changes: 1, up: true });
  });
});
