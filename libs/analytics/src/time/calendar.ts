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

export const isZone = (zone: string): boolean => {
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

/** Where an instant falls, as clocks of one zone show it. */
export class ZoneClock {
  private readonly format: Intl.DateTimeFormat;

  /** @throws RangeError for a zone that does not exist */
  constructor(private readonly zone: string) {
    this.format = new Intl.DateTimeFormat('en-u-hc-h23', {
      timeZone: zone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  }

  show(at: Date): CalendarDay & { readonly hour: number; readonly minute: number } {
    const parts = new Map(this.format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return { year: part('year'), month: part('month'), day: part('day'), hour: part('hour'), minute: part('minute') };
  }

  /** The first instant of a day. Where clocks leap over midnight that is the instant after the leap. */
  startOf(day: CalendarDay): Date {
    const wanted = Date.UTC(day.year, day.month - 1, day.day);
    if (this.zone === 'UTC') return new Date(wanted);
    // Zones are at most 14 hours ahead of UTC and 12 behind.
    let [before, after] = [wanted / minuteMs - 15 * 60, wanted / minuteMs + 15 * 60];
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      const { year, month, day: date } = this.show(new Date(middle * minuteMs));
      if (Date.UTC(year, month - 1, date) >= wanted) after = middle;
      else before = middle;
    }
    return new Date(after * minuteMs);
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

const utcOf = ({ year, month, day }: CalendarDay): number => Date.UTC(year, month - 1, day);

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
  for (let begins = first; utcOf(begins) < utcOf(afterLast);) {
    const next = following(begins);
    const until = utcOf(next) < utcOf(afterLast) ? next : afterLast;
    const day = following === nextMonth ? 1 : begins.day;
    buckets.push({ ...begins, day, start: clock.startOf(begins), end: clock.startOf(until), hour: 0, minute: 0 });
    begins = until;
  }
  return buckets;
};

/** How many buckets there would be, at most. */
export const bucketCount = (first: CalendarDay, last: CalendarDay, resolution: Resolution): number => {
  const days = (utcOf(last) - utcOf(first)) / dayMs + 1;
  return Math.max(days, 0) * { minute: 1_440, hour: 24, day: 1, week: 1 / 7, month: 1 / 28 }[resolution];
};
