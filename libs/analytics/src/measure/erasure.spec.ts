import { anAnalyticsRecord, encodeRecord } from '@castellan/testing';
import { decodeRecord } from '../wire/lists';
import { erasedRows, saysOf, type Person } from './erasure';
import { Rollup } from './rollup';
import type { RollupRow } from './row';

const rowsOf = (...requests: readonly Readonly<Record<string, unknown>>[]): readonly RollupRow[] => {
  const rollup = new Rollup();
  for (const request of requests)
    rollup.add(decodeRecord('analytics-tyk-system-analytics', encodeRecord(anAnalyticsRecord(request))));
  return rollup.rows;
};
const rows = rowsOf(
  { APIKey: 'anna', Alias: 'Anna' },
  { APIKey: 'anna', Alias: 'Anna' },
  { APIKey: 'ben', Alias: 'Ben', APIName: 'Anna' },
  { APIKey: '(erased)', Alias: '' },
);
const hitsBy = (found: readonly RollupRow[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    found
      .filter(({ kind }) => kind === 'key')
      .map(({ dimensions, measures }) => [dimensions.key ?? '', measures.hits] as const),
  );

describe('sums without a person', () => {
  it('count what was counted, under no name, together with those who were forgotten before', () => {
    const left = erasedRows(rows, { key: 'anna' });
    expect(hitsBy(rows)).toEqual({ anna: 2, ben: 1, '(erased)': 1 });
    expect(hitsBy(left)).toEqual({ ben: 1, '(erased)': 3 });
    expect(JSON.stringify(left)).not.toContain('"anna"');
    const total = (found: readonly RollupRow[]): readonly number[] =>
      found.filter(({ kind }) => kind === 'total' || kind === 'api').map(({ measures }) => measures.hits);
    expect(total(left)).toEqual(total(rows));
  });

  it('lose an alias and nothing else, and not the name of an API that is the same', () => {
    const left = erasedRows(rows, { alias: 'Anna' });
    expect(hitsBy(left)).toEqual(hitsBy(rows));
    expect(left.filter(({ label }) => label === 'Anna').map(({ kind }) => kind)).toEqual(
      rows.filter(({ label, kind }) => label === 'Anna' && kind === 'api').map(({ kind }) => kind),
    );
  });

  it.each<[Person, boolean]>([
    [{ key: 'anna' }, true],
    [{ alias: 'Ben' }, true],
    [{ key: 'Anna' }, false],
    [{ address: '192.0.2.1' }, false],
  ])('say something of %j: %s', (person, expected) => {
    expect(rows.some((row) => saysOf(row, person))).toBe(expected);
  });
});

describe('one key under two hashes', () => {
  it('is two rows, since nobody but its owner knows that they are the same', () => {
    const found = rowsOf(
      { APIKey: '5d1e8a2f' },
      { APIKey: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
    );
    expect(Object.values(hitsBy(found))).toEqual([1, 1]);
  });
});
