import { text, WrongValue, type Parameter } from './parameter';

/** A day or a moment: the first millisecond of it, and the last. */
export interface Moment {
  readonly first: Date;
  readonly last: Date;
}

const day = /^\d{4}-\d{2}-\d{2}$/;
/** RFC 3339. A plus sign that was not escaped arrives as a space. */
const time = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+ -]\d{2}:\d{2})$/;

const dayMs = 24 * 3_600 * 1_000;

/** A day in UTC as YYYY-MM-DD, or a time of a day as RFC 3339 writes it. */
export const moment = (about: {
  readonly description: string;
  readonly example?: string;
}): Parameter<Moment | undefined> => {
  const given = text({ ...about, maxLength: 64 });
  return {
    ...given,
    description: `${about.description}: YYYY-MM-DD, or a time as RFC 3339 writes it`,
    read: (value) => {
      const found = given.read(value);
      return found === undefined ? undefined : momentOf(found);
    },
  };
};

const momentOf = (value: string): Moment => {
  if (day.test(value)) {
    const first = existing(value, '00:00:00.000', 'Z');
    return { first, last: new Date(first.getTime() + dayMs - 1) };
  }
  const [, date, clock, fraction = '', zone] = time.exec(value) ?? [];
  if (date === undefined || clock === undefined || zone === undefined) throw notAMoment();
  const at = existing(date, `${clock}${fraction.slice(0, 4)}`, zone.replace(' ', '+').toUpperCase());
  return { first: at, last: at };
};

/** JavaScript takes 30 February for 2 March; a day that does not exist is refused. */
const existing = (date: string, clock: string, zone: string): Date => {
  const [midnight, at] = [new Date(`${date}T00:00:00Z`), new Date(`${date}T${clock}${zone}`)];
  if (Number.isNaN(midnight.getTime()) || Number.isNaN(at.getTime())) throw notAMoment();
  if (!midnight.toISOString().startsWith(date)) throw notAMoment();
  return at;
};

const notAMoment = (): WrongValue =>
  new WrongValue('must be a day as YYYY-MM-DD, or a time such as 2025-01-24T16:30:00Z');
