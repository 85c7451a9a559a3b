/** A day of the calendar, in whatever zone is meant. */
export interface CalendarDay {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
}

export type Resolution = 'minute' | 'hour' | 'day' | 'week' | 'month';

/** A stretch of time, from `start` up to and without `end`, and how clocks in the zone show its beginning. */
export interface Bucket extends CalendarDay {
  readonly start: Date;
  readonly end: Date;
  readonly hour: number;
  readonly minute: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Whether there is such a day. */
export const isDay = ({ year, month, day }: CalendarDay): boolean => {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
};

/** By its name: what Intl takes besides, such as `+23:59`, is no zone of any place, and not taken by every Node.js. */
export const isZone = (zone: string): boolean => {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const plusDays = ({ year, month, day }: CalendarDay, days: number): CalendarDay => {
  const date = new Date(Date.UTC(year, month - 1, day + days));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
};

const utcOf = ({ year, month, day }: CalendarDay): number => Date.UTC(year, month - 1, day);

/** Zones are at most 14 hours ahead of UTC and 12 behind. */
const mostAheadMs = 15 * hourMs;

/** Where an instant falls, as clocks of one zone show it. */
export class ZoneClock {
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError for a zone that does not exist */
  constructor(private readonly zone: string) {
    this.format = new Intl.DateTimeFormat('en-US-u-hc-h23', {
      timeZone: zone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  }

  show(at: Date): CalendarDay & { readonly hour: number; readonly minute: number } {
    // Parts by their names take three times as long, and thousands of rows ask for them.
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = (this.format.format(at).match(/\d+/g) ?? []).map(
      Number,
    );
    return { year, month, day, hour, minute };
  }

  /** The first instant of a day. Where clocks leap over midnight that is the instant after the leap. */
  startOf(day: CalendarDay): Date {
    const wanted = utcOf(day);
    if (this.zone === 'UTC') return new Date(wanted);
    // Nearly always clocks show midnight then, as far ahead of UTC as they are before the day, or else after it.
    for (const at of [wanted - mostAheadMs, wanted + mostAheadMs]) {
      const midnight = wanted - this.aheadMs(at);
      if (this.begins(day, midnight)) return new Date(midnight);
    }
    let [before, after] = [(wanted - mostAheadMs) / minuteMs, (wanted + mostAheadMs) / minuteMs];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (utcOf(this.show(new Date(middle * minuteMs))) >= wanted) after = middle;
      else before = middle;
    }
    return new Date(after * minuteMs);
  }

  /** How far clocks are ahead of UTC, in whole minutes. */
  private aheadMs(at: number): number {
    const { year, month, day, hour, minute } = this.show(new Date(at));
    return Date.UTC(year, month - 1, day, hour, minute) - at;
  }

  /** Whether clocks show the first minute of a day then, and another day a minute before. */
  private begins(day: CalendarDay, at: number): boolean {
    const { hour, minute, ...date } = this.show(new Date(at));
    const isMidnight = hour === 0 && minute === 0 && utcOf(date) === utcOf(day);
    return isMidnight && utcOf(this.show(new Date(at - minuteMs))) < utcOf(day);
  }
}

/** Stretches of a day or of months, all of them, without gaps: a day in which clocks change has 23 or 25 hours. */
export const bucketsOf = (
  clock: ZoneClock,
  first: CalendarDay,
  last: CalendarDay,
  resolution: Resolution,
): readonly Bucket[] => {
  if (resolution === 'month') return stretches(clock, first, last, nextMonth);
  if (resolution === 'week') return stretches(clock, first, last, nextMonday);
  const buckets: Bucket[] = [];
  const end = clock.startOf(plusDays(last, 1));
  for (let day = first, start = clock.startOf(day); start < end;) {
    const next = plusDays(day, 1);
    const nextStart = clock.startOf(next);
    // A zone that moves over the date line has a day less: nothing ever happened in it.
    if (resolution === 'day' && nextStart > start) buckets.push({ ...day, start, end: nextStart, hour: 0, minute: 0 });
    else if (resolution !== 'day')
      buckets.push(...steps(clock, start, nextStart, resolution === 'hour' ? hourMs : minuteMs));
    [day, start] = [next, nextStart];
  }
  return buckets;
};

const steps = (clock: ZoneClock, start: Date, end: Date, stepMs: number): readonly Bucket[] =>
  Array.from({ length: Math.ceil((end.getTime() - start.getTime()) / stepMs) }, (_, index) => {
    const begins = new Date(start.getTime() + index * stepMs);
    return { ...clock.show(begins), start: begins, end: new Date(Math.min(begins.getTime() + stepMs, end.getTime())) };
  });

const nextMonth = ({ year, month }: CalendarDay): CalendarDay => plusDays({ year, month: month + 1, day: 1 }, 0);

/** Weeks begin on Mondays, as ISO 8601 has them: one that goes over the end of a year is one week. */
const nextMonday = (day: CalendarDay): CalendarDay => plusDays(day, 7 - ((new Date(utcOf(day)).getUTCDay() + 6) % 7));

/** Of days that lie side by side. The first one begins, and the last one ends, where the range does. */
const stretches = (
  clock: ZoneClock,
  first: CalendarDay,
  last: CalendarDay,
  following: (day: CalendarDay) => CalendarDay,
): readonly Bucket[] => {
  const buckets: Bucket[] = [];
  const afterLast = plusDays(last, 1);
  for (let begins = first, start = clock.startOf(first); utcOf(begins) < utcOf(afterLast);) {
    const next = following(begins);
    const until = utcOf(next) < utcOf(afterLast) ? next : afterLast;
    const day = following === nextMonth ? 1 : begins.day;
    const end = clock.startOf(until);
    buckets.push({ ...begins, day, start, end, hour: 0, minute: 0 });
    [begins, start] = [until, end];
  }
  return buckets;
};

/** How many buckets there would be, at most. */
export const bucketCount = (first: CalendarDay, last: CalendarDay, resolution: Resolution): number => {
  const days = (utcOf(last) - utcOf(first)) / dayMs + 1;
  return Math.max(days, 0) * { minute: 1_440, hour: 24, day: 1, week: 1 / 7, month: 1 / 28 }[resolution];
};
