import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { addMeasures, noMeasures } from './measures';
import { NumberReader, NumberWriter } from './number-bytes';
import { CountSum } from './count-sum';
import { addOpenRows, openRows, packRows, unpackRows } from './pack';
import { rollupKinds, type RollupRow } from './row';
import { lastPlace, placeOf, rowId } from './row-place';

const orgId = '5c4fed5c040adb18bab6d0df';
const counts = fc
  .array(fc.tuple(fc.nat(4_095), fc.maxSafeNat()), { maxLength: 20 })
  .map((entries) => new Map([...new Map(entries)].sort(([left], [right]) => left - right)));
const text = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
const time = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });

const aRow: fc.Arbitrary<RollupRow> = fc
  .record({
    unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const),
    at: time,
    kind: fc.constantFrom(...rollupKinds),
    label: fc.string({ unit: 'binary' }),
    texts: fc.record({ api: text, version: text, key: text, path: text, oauth: text, tag: text, country: text }),
    code: fc.option(fc.nat(999), { nil: undefined }),
    last: fc.option(time),
    sums: fc.record({ hits: fc.maxSafeNat(), latencySum: fc.double({ noNaN: true }), bytesIn: fc.maxSafeInteger() }),
    extremes: fc.record({ latencyMax: fc.option(fc.maxSafeNat()), upstreamMin: fc.option(fc.maxSafeNat()) }),
    counters: fc.record({ codes: counts, sketch: counts, keys: counts, addresses: counts }),
  })
  .map(({ texts, code, sums, extremes, counters, last, ...place }) => ({
    ...place,
    orgId,
    dimensions: Object.fromEntries(Object.entries({ ...texts, code }).filter(([, value]) => value !== undefined)),
    measures: { ...noMeasures(), ...sums, ...extremes, ...counters, last },
  }));
const someRows = fc.array(aRow, { maxLength: 10 });

describe('rows that are packed', () => {
  it('come out as they went in, whatever callers have called their paths and keys', () => {
    fc.assert(
      fc.property(someRows, (rows) => {
        const { rows: bytes, callers } = packRows(rows);
        expect(unpackRows(orgId, bytes, callers)).toEqual(rows);
      }),
    );
  });

  it('come without the registers of callers where nobody asks for them', () => {
    fc.assert(
      fc.property(someRows, (rows) => {
        const without = rows.map((row) => ({
          ...row,
          measures: { ...row.measures, keys: new Map(), addresses: new Map() },
        }));
        expect(unpackRows(orgId, packRows(rows).rows, null)).toEqual(without);
      }),
    );
  });

  it('add up to what they add up to one by one', () => {
    fc.assert(
      fc.property(someRows, fc.constantFrom(...rollupKinds), (rows, leftOut) => {
        const [expected, measures, sketch] = [noMeasures(), noMeasures(), new CountSum()];
        for (const row of rows) if (row.kind !== leftOut) addMeasures(expected, row.measures);
        const { rows: bytes, callers } = packRows(rows);
        const opened = openRows(bytes);
        addOpenRows(opened, callers, ({ kind }) => (kind === leftOut ? null : { measures, sketch }));
        sketch.moveTo(measures.sketch);
        expect(measures).toEqual(expected);
        // What is open can be added up again.
        const again = { measures: noMeasures(), sketch: new CountSum() };
        addOpenRows(opened, callers, ({ kind }) => (kind === leftOut ? null : again));
        expect(again.measures.hits).toBe(expected.hits);
      }),
    );
  });

  it.each<[string, Buffer]>([
    ['no bytes', Buffer.alloc(0)],
    ['something else', Buffer.from('something else')],
    ['a list of rows in JSON', deflateRawSync('[]')],
    ['less than there was', deflateRawSync(Buffer.from('\x02\0\0\0{}'))],
  ])('are not made of %s', (_, bytes) => {
    expect(() => unpackRows(orgId, bytes, null)).toThrow();
  });

  it('are refused with a count that is none', () => {
    for (const count of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => {
        new NumberWriter().whole(count);
      }).toThrow(RangeError);
    }
    expect(() => new NumberReader(Buffer.from([0x80])).whole()).toThrow(RangeError);
  });
});

describe('the place of a row', () => {
  it('is told by its name alone, sorts alike everywhere, and comes before the last place', () => {
    fc.assert(
      fc.property(aRow, (row) => {
        const place = placeOf(row);
        const other = { ...row, label: 'another', measures: noMeasures() };
        expect(place).toBe(placeOf(other));
        expect(place).toMatch(/^[0-9]{2}[\w-]{8}[\w-]{22}$/);
        expect(place.endsWith(rowId(row)) && place < lastPlace).toBe(true);
      }),
    );
  });
});
