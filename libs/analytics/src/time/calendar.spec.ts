import { bucketCount, bucketsOf, isDay, isZone, ZoneClock, type CalendarDay, type Resolution } from './calendar';

const day = (text: string): CalendarDay => {
  const [year = 0, month = 0, date = 0] = text.split('-').map(Number);
  return { year, month, day: date };
};
const buckets = (zone: string, from: string, to: string, resolution: Resolution) =>
  bucketsOf(new ZoneClock(zone), day(from), day(to), resolution);
const hoursOf = (zone: string, date: string): number => {
  const [only] = buckets(zone, date, date, 'day');
  return only === undefined ? NaN : (only.end.getTime() - only.start.getTime()) / 3_600_000;
};

describe('days of a zone', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29', 23],
    ['Europe/Berlin', '2026-10-25', 25],
    ['America/New_York', '2026-03-08', 23],
    ['America/New_York', '2026-11-01', 25],
    ['Africa/Cairo', '2026-04-24', 23],
    ['Australia/Lord_Howe', '2026-04-05', 24.5],
    ['Asia/Kolkata', '2026-11-19', 24],
    ['UTC', '2028-02-29', 24],
  ])('%s has %s with %d hours', (zone, date, hours) => {
    expect(hoursOf(zone, date)).toBe(hours);
  });

  it('begin where clocks say so, with half hours and where there is no midnight', () => {
    expect(new ZoneClock('Asia/Kolkata').startOf(day('2026-11-20')).toISOString()).toBe('2026-11-19T18:30:00.000Z');
    expect(new ZoneClock('Asia/Kathmandu').startOf(day('2026-11-20')).toISOString()).toBe('2026-11-19T18:15:00.000Z');
    expect(new ZoneClock('Africa/Cairo').startOf(day('2026-04-24')).toISOString()).toBe('2026-04-23T22:00:00.000Z');
    expect(new ZoneClock('America/Santiago').startOf(day('2026-09-06')).toISOString()).toBe('2026-09-06T04:00:00.000Z');
  });

  it('show each date once and leave no gap, also around a midnight that does not exist', () => {
    for (const [zone, from, to] of [
      ['Africa/Cairo', '2026-04-22', '2026-04-26'],
      ['America/Santiago', '2026-09-04', '2026-09-08'],
    ] as const) {
      const found = buckets(zone, from, to, 'day');
      expect(new Set(found.map(({ day: date }) => date)).size).toBe(5);
      for (const [index, bucket] of found.entries()) expect(found[index + 1]?.start ?? bucket.end).toEqual(bucket.end);
    }
  });
});

describe('the beginning of a day', () => {
  /** Minute by minute, as slow as it is plain. */
  const firstMinuteOf = (zone: string, wanted: CalendarDay): string => {
    const clock = new ZoneClock(zone);
    const date = Date.UTC(wanted.year, wanted.month - 1, wanted.day);
    for (let at = date - 15 * 3_600_000; ; at += 60_000) {
      const { year, month, day: shown } = clock.show(new Date(at));
      if (Date.UTC(year, month - 1, shown) >= date) return new Date(at).toISOString();
    }
  };

  it.each([
    ['Europe/Berlin', '2026-03-29'],
    ['Europe/Berlin', '2026-10-26'],
    ['America/New_York', '2026-11-01'],
    ['America/Havana', '2026-11-01'],
    ['America/Santiago', '2026-04-05'],
    ['America/Santiago', '2026-09-06'],
    ['Africa/Cairo', '2026-04-24'],
    ['Africa/Cairo', '2026-10-30'],
    // Here clocks went back at a minute past midnight, so that the day began twice.
    ['America/St_Johns', '2010-11-07'],
    ['Pacific/Apia', '2011-12-31'],
    ['Pacific/Kiritimati', '2026-11-20'],
    ['Pacific/Pago_Pago', '2026-11-20'],
    ['Asia/Kathmandu', '1986-01-01'],
  ])('in %s on %s is the first minute that shows it', (zone, date) => {
    expect(new ZoneClock(zone).startOf(day(date)).toISOString()).toBe(firstMinuteOf(zone, day(date)));
  });
});

describe('a day that a zone has left out by moving over the date line', () => {
  it('has no row, so that nothing is counted for two days', () => {
    const found = buckets('Pacific/Apia', '2011-12-29', '2011-12-31', 'day');
    expect(found.map(({ day: date }) => date)).toEqual([29, 31]);
    expect(found[0]?.end).toEqual(found[1]?.start);
    expect(buckets('Pacific/Apia', '2011-12-29', '2011-12-31', 'hour')).toHaveLength(48);
  });
});

describe('hours', () => {
  it('are 25 when clocks go back, the repeated one twice', () => {
    const found = buckets('Europe/Berlin', '2026-10-25', '2026-10-25', 'hour');
    expect(found.map(({ hour }) => hour).slice(0, 5)).toEqual([0, 1, 2, 2, 3]);
    expect(found).toHaveLength(25);
  });

  it('are 23 when clocks go forward', () => {
    expect(buckets('Europe/Berlin', '2026-03-29', '2026-03-29', 'hour').map(({ hour }) => hour)).not.toContain(2);
  });
});

describe('weeks', () => {
  it('begin on Mondays, and one that goes over the end of a year is one week', () => {
    const found = buckets('UTC', '2026-12-21', '2027-01-10', 'week');
    expect(found.map(({ year, month, day: date }) => [year, month, date])).toEqual([
      [2026, 12, 21],
      [2026, 12, 28],
      [2027, 1, 4],
    ]);
    expect(found.map(({ start, end }) => (end.getTime() - start.getTime()) / 86_400_000)).toEqual([7, 7, 7]);
  });

  it('begin and end where the range does, and hold the hours that clocks take', () => {
    const found = buckets('Europe/Berlin', '2026-03-25', '2026-03-31', 'week');
    expect(found.map(({ start, end }) => (end.getTime() - start.getTime()) / 3_600_000)).toEqual([119, 48]);
  });
});

describe('months', () => {
  it('go over the end of a year, December included', () => {
    const found = buckets('UTC', '2026-11-15', '2027-02-01', 'month');
    expect(found.map(({ year, month }) => `${year}-${month}`)).toEqual(['2026-11', '2026-12', '2027-1', '2027-2']);
    expect(found[1]).toMatchObject({ start: new Date('2026-12-01T00:00:00Z'), end: new Date('2027-01-01T00:00:00Z') });
    expect(found.at(-1)?.end).toEqual(new Date('2027-02-02T00:00:00Z'));
  });

  it('have 29 days in a February of a leap year', () => {
    const [february] = buckets('UTC', '2028-02-01', '2028-02-29', 'month');
    expect((Number(february?.end) - Number(february?.start)) / 86_400_000).toBe(29);
  });
});

describe('what is asked for', () => {
  it.each(['2026-04-31', '2026-02-30', '2027-02-29', '2026-13-01', '2026-01-00', '2026-00-01'])(
    '%s is no day',
    (text) => {
      expect(isDay(day(text))).toBe(false);
    },
  );
  it('is a day of a leap year', () => {
    expect(isDay(day('2028-02-29'))).toBe(true);
  });
  it('names a zone that exists', () => {
    expect(['Europe/Berlin', 'UTC', 'Europe/Nowhere', '', '+23:59', '+05:30', '-00:01'].map(isZone)).toEqual([
      ...[true, true, false, false, false, false, false],
    ]);
  });
  it('says how many buckets it would take', () => {
    expect(bucketCount(day('2026-01-01'), day('2026-12-31'), 'hour')).toBe(8_760);
    expect(bucketCount(day('2026-01-02'), day('2026-01-01'), 'day')).toBe(0);
  });
});
