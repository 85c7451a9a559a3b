import fc from 'fast-check';
import { anAnalyticsRecord, encodeRecord, someTraffic } from '@castellan/testing';
import type { AnalyticsRecord } from '../record';
import { decodeRecord } from '../wire/lists';
import { percentiles } from './latency-sketch';
import { addMeasures, noMeasures, type Measures } from './measures';
import { otherValue, Rollup, RowMerge, type RowGroup } from './rollup';
import type { RollupKind, RollupRow, RollupUnit } from './row';
import { packRows, unpackRows } from './pack';
import { rowId } from './row-place';

const org = '5c4fed5c040adb18bab6d0df';
const at = new Date('2026-11-19T18:29:59.999Z');
const decode = (fields: Readonly<Record<string, unknown>>): AnalyticsRecord =>
  decodeRecord('analytics-tyk-system-analytics', encodeRecord(fields));
const record = (fields: Readonly<Record<string, unknown>> = {}): AnalyticsRecord =>
  decode(anAnalyticsRecord({ at, ...fields }));

const everything = { admits: () => true };
type Limit = { admits(group: RowGroup, id: string): boolean };

/** What becomes of records that are stored in these batches and then merged. */
const merged = (batches: readonly (readonly AnalyticsRecord[])[], limit: Limit = everything): readonly RollupRow[] => {
  const merge = new RowMerge(limit);
  for (const batch of batches) {
    const made = new Rollup();
    for (const one of batch) made.add(one);
    const { rows, callers } = packRows(made.rows);
    for (const row of unpackRows(org, rows, callers)) merge.add(row);
  }
  return merge.rows;
};
const rollup = (records: readonly AnalyticsRecord[], limit: Limit = everything): readonly RollupRow[] =>
  merged([records], limit);
const rowsOf = (rows: readonly RollupRow[], kind: RollupKind, unit: RollupUnit = 'hour') =>
  rows.filter((row) => row.kind === kind && row.unit === unit);
const sum = (rows: readonly RollupRow[]): Measures => {
  const total = noMeasures();
  for (const { measures } of rows) addMeasures(total, measures);
  return total;
};

describe('a rollup', () => {
  const traffic = someTraffic(1_000, org, new Date('2026-11-19T22:00:00Z'), 4 * 3_600_000).map(decode);
  const rows = rollup(traffic);

  it.each<[RollupKind, (one: AnalyticsRecord) => string]>([
    ['api', (one) => JSON.stringify([one.apiId, one.apiVersion])],
    ['key', (one) => JSON.stringify([one.apiId, one.apiVersion, one.apiKey])],
    ['endpoint', (one) => JSON.stringify([one.apiId, one.apiVersion, one.path])],
    ['keyEndpoint', (one) => JSON.stringify([one.apiId, one.apiVersion, one.apiKey, one.path])],
  ])('by %s equals a plain recount of the records, for each hour', (kind, nameOf) => {
    const counted = new Map<string, { hits: number; success: number; errors: number; max: number }>();
    for (const one of traffic) {
      const name = `${nameOf(one)} ${one.timeStamp.toISOString().slice(0, 13)}`;
      const before = counted.get(name) ?? { hits: 0, success: 0, errors: 0, max: 0 };
      counted.set(name, {
        hits: before.hits + 1,
        success: before.success + (one.responseCode >= 200 && one.responseCode < 300 ? 1 : 0),
        errors: before.errors + (one.responseCode >= 400 ? 1 : 0),
        max: Math.max(before.max, one.latency.total),
      });
    }
    const said = rowsOf(rows, kind).map(({ dimensions, at: hour, measures }) => {
      const { api, version, key, path } = dimensions;
      const parts = [api, version, key, path].filter((part) => part !== undefined);
      return [
        `${JSON.stringify(parts)} ${hour.toISOString().slice(0, 13)}`,
        { hits: measures.hits, success: measures.success, errors: measures.errors, max: measures.latencyMax ?? 0 },
      ] as const;
    });
    expect(new Map(said)).toEqual(counted);
    expect(said).toHaveLength(counted.size);
  });

  it('has the same sums by the minute, the hour and the day, and by each dimension', () => {
    const total = sum(rowsOf(rows, 'total'));
    expect(total.hits).toBe(1_000);
    expect(sum(rowsOf(rows, 'total', 'minute'))).toMatchObject({ hits: total.hits, sketch: total.sketch });
    for (const [kind, unit] of [
      ['total', 'day'],
      ['api', 'hour'],
      ['api', 'day'],
    ] as const) {
      expect(sum(rowsOf(rows, kind, unit))).toEqual(total);
    }
    for (const kind of ['key', 'endpoint', 'keyEndpoint'] as const) {
      expect({ ...sum(rowsOf(rows, kind)), keys: total.keys, addresses: total.addresses }).toEqual(total);
    }
    expect([...total.codes.values()].reduce((left, right) => left + right)).toBe(total.hits);
    expect(sum(rowsOf(rows, 'error')).hits).toBe(total.errors);
    expect(sum(rowsOf(rows, 'tag')).hits).toBe(
      traffic.flatMap(({ tags }) => [...new Set(tags)].filter((tag) => !tag.startsWith('org-'))).length,
    );
  });

  it('comes out the same whatever the order and however it is cut into batches', () => {
    const some = traffic.slice(0, 12);
    const byId = (made: readonly RollupRow[]) => new Map(made.map((row) => [rowId(row), row]));
    const whole = byId(rollup(some));
    fc.assert(
      fc.property(fc.shuffledSubarray(some, { minLength: 12 }), fc.nat(12), (order, cut) => {
        expect(byId(merged([order.slice(0, cut), [], order.slice(cut)]))).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });

  it('tells rows apart whose values are the same when one is written behind the other', () => {
    const pairs = [
      ['k', '1/x'],
      ['k1', '/x'],
      ['1 k', '/x'],
      ['', '3 1 k/x'],
    ] as const;
    const found = rowsOf(
      rollup(pairs.map(([APIKey, Path]) => record({ APIKey, Path, OauthID: APIKey }))),
      'keyEndpoint',
    );
    expect(found.map(({ dimensions: { key, path } }) => [key, path])).toEqual(
      pairs.map(([key, path]) => [key === '' ? '00000000' : key, path]),
    );
    expect(found.map(({ measures }) => measures.hits)).toEqual([1, 1, 1, 1]);
  });

  it('puts a record into its minute, hour and day of UTC', () => {
    const starts = rollup([record()]).filter(({ kind }) => kind === 'total');
    expect(starts.map((row) => [row.unit, row.at.toISOString()])).toEqual([
      ['minute', '2026-11-19T18:29:00.000Z'],
      ['hour', '2026-11-19T18:00:00.000Z'],
      ['day', '2026-11-19T00:00:00.000Z'],
    ]);
  });
});

describe('what is counted', () => {
  const total = (records: readonly AnalyticsRecord[]): Measures => sum(rowsOf(rollup(records), 'total'));
  const latency = (Total: number, Upstream: number, ResponseCode = 200) =>
    record({ RequestTime: Total, Latency: { Total, Upstream }, ResponseCode });

  it('leaves out of latencies the refusals of the gateway itself, which took no time', () => {
    const said = total([latency(10, 5), latency(20, 10), latency(990, 900), latency(0, 0, 429)]);
    expect(said).toMatchObject({
      hits: 4,
      errors: 1,
      latencyCount: 3,
      latencySum: 1_020,
      latencyMin: 10,
      latencyMax: 990,
    });
    expect(said.upstreamSum / said.latencyCount).toBe(305);
    expect(said.gatewaySum).toBe(105);
    expect(percentiles(total([latency(0, 0, 429)]).sketch, [0.5])).toEqual([null]);
  });

  it('adds up far beyond 32 bits', () => {
    const bytes = { OpenConnections: 0, ClosedConnection: 0, BytesIn: 3_000_000_000, BytesOut: 2 ** 31 };
    const said = total([record({ Network: bytes }), record({ Network: bytes })]);
    expect([said.bytesIn, said.bytesOut]).toEqual([6_000_000_000, 2 ** 32]);
  });

  it('takes connections of TCP services for bytes and no hits', () => {
    const said = total([record({ ResponseCode: -1, Method: '', Path: '', Network: { BytesIn: 7, BytesOut: 8 } })]);
    expect(said).toMatchObject({ hits: 0, errors: 0, bytesIn: 7, bytesOut: 8, latencyCount: 0 });
  });

  it('counts every code, and those that HTTP does not have together', () => {
    const codes = [499, 0, 101, 204, 304, 418, 521, 599, 600, 999, 70_000];
    const said = total(codes.map((ResponseCode) => record({ ResponseCode })));
    expect(said).toMatchObject({ hits: 11, success: 1, errors: 7 });
    expect(Object.fromEntries(said.codes)).toMatchObject({ 0: 2, 101: 1, 499: 1, 999: 1 });
  });

  it('counts a tag once a request, and not the tags that gateways add', () => {
    const tags = ['edge', 'edge', '', 'key-H', 'org-O', 'api-A', 'tyk-graph-analytics', 'a.b', 'x\0y', ' x', 'X-Tier'];
    const said = rowsOf(rollup([record({ Tags: tags })]), 'tag').map(({ dimensions, measures }) => [
      dimensions.tag,
      measures.hits,
    ]);
    expect(said).toEqual([
      ['edge', 1],
      ['a.b', 1],
      ['x\0y', 1],
      [' x', 1],
      ['X-Tier', 1],
    ]);
  });

  it('counts both spellings of a request without a key as one, and not among the callers', () => {
    const records = [record({ APIKey: '' }), record({ APIKey: '00000000' }), record({ APIKey: 'k' })];
    const keys = rowsOf(rollup(records), 'key').map(({ dimensions, measures }) => [dimensions.key, measures.hits]);
    expect(keys).toEqual([
      ['00000000', 2],
      ['k', 1],
    ]);
    expect(total(records).keys.size).toBe(1);
  });
});

describe('the number of rows', () => {
  it('is bounded, and what comes too late is counted among the others', () => {
    const seen = new Map<string, Set<string>>();
    const limit = {
      admits: ({ kind, most }: RowGroup, id: string) => {
        const ids = seen.get(kind) ?? new Set();
        seen.set(kind, ids);
        if (ids.has(id)) return true;
        if (ids.size >= most) return false;
        ids.add(id);
        return true;
      },
    };
    const many = Array.from({ length: 2_500 }, (_, index) => record({ Path: `/${index}`, Tags: [`request-${index}`] }));
    const rows = rollup(many, limit);
    for (const [kind, most] of [
      ['endpoint', 2_000],
      ['tag', 1_000],
    ] as const) {
      const ofKind = rowsOf(rows, kind);
      expect(ofKind).toHaveLength(most + 1);
      expect(sum(ofKind).hits).toBe(2_500);
      const other = ofKind.find(({ dimensions }) => (dimensions.path ?? dimensions.tag) === otherValue);
      expect(other?.measures.hits).toBe(2_500 - most);
    }
    expect(sum(rowsOf(rows, 'api')).hits).toBe(2_500);
  });
});
