import {
  bucketCount,
  bucketsOf,
  isDay,
  ZoneClock,
  type Bucket,
  type CalendarDay,
  type Resolution,
} from '@castellan/analytics';
import { CastellanError, int32, ValidationFailed } from '@castellan/dto';

/** The end of every path that asks for some days: both of them belong to what is asked for. */
export const rangePath = ':from_day/:from_month/:from_year/:to_day/:to_month/:to_year';

/** What comes after the year 9999 is no date to every program; a day of the last one in some zone would end there. */
export const lastYear = 9_998;

const part = (name: string, description: string, maximum: number, example: number) => ({
  name,
  description,
  schema: { ...int32, minimum: 1, maximum, example },
});

export const rangeParams = [
  part('from_day', 'Day of the month that is the first', 31, 1),
  part('from_month', 'Its month', 12, 12),
  part('from_year', 'Its year', lastYear, 2026),
  part('to_day', 'Day of the month that is the last', 31, 31),
  part('to_month', 'Its month', 12, 12),
  part('to_year', 'Its year', lastYear, 2026),
];

/** As they stand in the path. */
export interface RangeParams {
  readonly from_day: string;
  readonly from_month: string;
  readonly from_year: string;
  readonly to_day: string;
  readonly to_month: string;
  readonly to_year: string;
}

export interface DayRange {
  readonly first: CalendarDay;
  readonly last: CalendarDay;
}

/** Buckets that a reply may have. */
const mostBuckets = 10_000;

/** Rows that a reply may have; they are made and written in one go, a kilobyte or so each. */
const mostRows = 50_000;

/** @throws CastellanError when a reply would have more rows than that */
export const refuseTooMany = (rows: number): void => {
  if (rows <= mostRows) return;
  const message = `This would give ${rows} rows, and ${mostRows} are the most; ask for fewer of them, a page, or longer stretches of time`;
  throw new CastellanError(400, 'limit_reached', message);
};

/** @throws ValidationFailed for a day that does not exist, naming it */
export const daysOf = (params: RangeParams): DayRange => {
  const first = dayOf('from', params.from_day, params.from_month, params.from_year);
  const last = dayOf('to', params.to_day, params.to_month, params.to_year);
  const isBackwards = Date.UTC(first.year, first.month, first.day) > Date.UTC(last.year, last.month, last.day);
  if (isBackwards) throw new ValidationFailed([{ path: 'from', message: 'must not be after the last day' }]);
  return { first, last };
};

const dayOf = (path: string, day: string, month: string, year: string): CalendarDay => {
  const read = (text: string): number => (/^\d{1,4}$/.test(text) ? Number(text) : Number.NaN);
  const found = { day: read(day), month: read(month), year: read(year) };
  if (isDay(found) && found.year >= 1970 && found.year <= lastYear) return found;
  throw new ValidationFailed([{ path, message: 'must be a day that exists, as day/month/year' }]);
};

/**
 * @param asks what asks for the resolution
 * @throws ValidationFailed when there would be too many buckets
 */
export const seriesOf = (
  { first, last }: DayRange,
  resolution: Resolution,
  clock: ZoneClock,
  asks = 'res',
): readonly Bucket[] => {
  if (bucketCount(first, last, resolution) > mostBuckets) {
    const message = `would give more than ${mostBuckets} rows; ask for fewer days or a coarser resolution`;
    throw new ValidationFailed([{ path: asks, message }]);
  }
  return bucketsOf(clock, first, last, resolution);
};

/** The range as one bucket. */
export const wholeOf = ({ first, last }: DayRange, clock: ZoneClock): { readonly from: Date; readonly until: Date } => {
  const days = bucketsOf(clock, last, last, 'day');
  const start = clock.startOf(first);
  return { from: start, until: days.at(-1)?.end ?? start };
};
