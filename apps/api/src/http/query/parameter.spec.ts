import fc from 'fast-check';
import { ValidationFailed } from '@castellan/dto';
import { moment } from './moment';
import { page } from './page';
import {
  choice,
  decisiveFlag,
  flag,
  integer,
  narrowing,
  narrowingTexts,
  oneOf,
  presence,
  required,
  text,
  texts,
  WrongValue,
  type Parameter,
} from './parameter';
import { RouteQuery } from './query';

const about = { description: 'What it is' };
const refused = (parameter: Parameter<unknown>, value: string | undefined): boolean => {
  try {
    parameter.read(value);
    return false;
  } catch (error) {
    return error instanceof WrongValue;
  }
};

describe('a flag', () => {
  it.each(['1', 't', 'T', 'true', 'TRUE', 'True'])('takes %s for yes', (value) => {
    expect([flag(about), decisiveFlag(about), choice(about)].map((one) => one.read(value))).toEqual([true, true, true]);
  });

  it.each(['0', 'f', 'false', 'FALSE'])('takes %s for no', (value) => {
    expect([flag(about), decisiveFlag(about), choice(about)].map((one) => one.read(value))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('refuses everything else', () => {
    const word = /^([01tf]|true|false)$/i;
    fc.assert(fc.property(fc.string({ minLength: 1 }), (value) => word.test(value) || refused(flag(about), value)));
  });

  it('is no when it is left out, and its choice is open', () => {
    expect([flag(about).read(undefined), decisiveFlag(about).read(undefined)]).toEqual([false, false]);
    expect([flag(about).read(''), choice(about).read('')]).toEqual([false, undefined]);
  });

  it('is refused when it is empty and decides about what is destroyed', () => {
    expect(refused(decisiveFlag(about), '')).toBe(true);
  });

  it('is yes with any value where Tyk says so', () => {
    for (const value of ['1', 'false', 'x', '']) expect(presence(about).read(value)).toBe(true);
    expect(presence(about).read(undefined)).toBe(false);
  });
});

describe('a page', () => {
  it.each([
    [undefined, 1],
    ['', 1],
    ['0', 1],
    ['1', 1],
    ['2', 2],
    ['-1', null],
    ['-2', null],
    ['9'.repeat(30), 1_000_000_000],
  ])('is read from p=%s as %s', (p, expected) => {
    expect(page.read(p)).toBe(expected);
  });

  it.each(['two', '1.5', 'NaN', 'Infinity', '1e3', '0x10', ' 1', '--1'])('is not %s', (p) => {
    expect(refused(page, p)).toBe(true);
  });

  it('is its own for every whole number above zero', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000_000 }), (p) => page.read(String(p)) === p));
  });
});

describe('a narrowing', () => {
  it.each(['', ' ', '\t'])('is not empty (%j), which would widen it', (value) => {
    expect(refused(narrowing(about), value)).toBe(true);
    expect(refused(narrowingTexts(about), value)).toBe(true);
  });

  it.each([',', 'a,', ',a', 'a,,b', ' , '])('has no empty entries: %j', (value) => {
    expect(refused(narrowingTexts(about), value)).toBe(true);
  });

  it('is everything only when it is left out', () => {
    expect(narrowing(about).read(undefined)).toBeUndefined();
    expect(narrowingTexts(about).read(undefined)).toEqual([]);
    expect(narrowingTexts(about).read(' a ,b,a')).toEqual(['a', 'b']);
  });
});

describe('other values', () => {
  it('reads texts, and refuses those that are too long or look wrong', () => {
    expect(text(about).read('x')).toBe('x');
    expect(refused(text({ ...about, maxLength: 3 }), 'four')).toBe(true);
    expect(refused(text({ ...about, pattern: /^a$/ }), 'b')).toBe(true);
    expect(texts(about).read('a, b,,a')).toEqual(['a', 'b']);
  });

  it('reads whole numbers within their limits', () => {
    const limited = integer({ ...about, minimum: 0, maximum: 5 });
    expect(limited.read('5')).toBe(5);
    for (const value of ['6', '-1', '1.0', 'x']) expect(refused(limited, value)).toBe(true);
  });

  it('takes one of its words only, as they are written', () => {
    const words = oneOf(['json', 'yaml'], about);
    expect(words.read('yaml')).toBe('yaml');
    expect(refused(words, 'YAML')).toBe(true);
    expect(refused(required(words), undefined)).toBe(true);
  });

  it('gives words that differ in signs alone a name each', () => {
    const named = oneOf(['name', '-name', '1', '-1'], about);
    expect(named.schema['x-enum-varnames']).toEqual(['name', 'name_descending', 'ascending', 'descending']);
    expect(oneOf(['json'], about).schema).toEqual({ type: 'string', enum: ['json'] });
  });
});

describe('a moment', () => {
  const read = (value: string) => {
    const found = moment(about).read(value);
    return found === undefined ? undefined : [found.first.toISOString(), found.last.toISOString()];
  };

  it('is a whole day in UTC, or a time as RFC 3339 writes it', () => {
    expect(read('2025-01-23')).toEqual(['2025-01-23T00:00:00.000Z', '2025-01-23T23:59:59.999Z']);
    expect(read('2025-01-23T10:00:00+02:00')).toEqual(['2025-01-23T08:00:00.000Z', '2025-01-23T08:00:00.000Z']);
    expect(read('2025-01-23T10:00:00 02:00')).toEqual(read('2025-01-23T10:00:00+02:00'));
    expect(read('2025-01-23t10:00:00.1239z')).toEqual(['2025-01-23T10:00:00.123Z', '2025-01-23T10:00:00.123Z']);
    expect(read('')).toBeUndefined();
  });

  it.each([
    '2025-02-30',
    '2025-13-01',
    'yesterday',
    '2025-01-23T25:00:00Z',
    '2025-01-23T10:00',
    '2025-02-30T10:00:00Z',
  ])('is not %s', (value) => {
    expect(refused(moment(about), value)).toBe(true);
  });
});

describe('a query', () => {
  const query = new RouteQuery({ p: page, force: flag(about) });

  it('is read as its parameters say', () => {
    expect(query.read({ p: '2', force: '1' })).toEqual({ p: 2, force: true });
  });

  it('names every parameter that is wrong', () => {
    const wrong = (given: Record<string, unknown>) => {
      try {
        query.read(given);
        return [];
      } catch (error) {
        return error instanceof ValidationFailed ? error.errors.map(({ path }) => path) : [];
      }
    };
    expect(wrong({ p: 'abc', force: 'maybe' })).toEqual(['p', 'force']);
    expect(wrong({ p: ['1', '2'] })).toEqual(['p']);
  });

  it('refuses what it does not know', () => {
    expect(() => {
      query.refuseUnknown({ p: '1', Force: '1' });
    }).toThrow('Force: is not known here: there are p, force');
  });
});
