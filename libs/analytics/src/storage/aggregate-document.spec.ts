import { anAnalyticsRecord, analyticsList, encodeRecord, someTraffic } from '@castellan/testing';
import { Rollup } from '../measure/rollup';
import type { RollupRow } from '../measure/row';
import { decodeRecord } from '../wire/lists';
import { addToAggregate, type FoundAggregate } from './aggregate-document';
import { aggregateCells, errorsAlone, partThatKnows } from './aggregate-reading';

type Fields = Readonly<Record<string, unknown>>;

const orgId = '5c4fed5c040adb18bab6d0df';
const hour = new Date('2026-11-26T03:00:00Z');

const rowsOf = (records: readonly Fields[]): readonly RollupRow[] => {
  const rollup = new Rollup();
  for (const record of records) rollup.add(decodeRecord(analyticsList, encodeRecord(record)));
  return rollup.rows.filter(({ unit }) => unit === 'hour');
};
const traffic = someTraffic(300, orgId, hour, 3_000_000);

describe('the document of an hour that tyk-pump writes', () => {
  it('has its fields, and its names for what is counted', () => {
    const at = { at: new Date('2026-11-26T03:14:17.648Z'), OrgID: orgId, APIID: 'a1', APIKey: 'f3c4', Alias: 'anna' };
    const document = addToAggregate(
      null,
      rowsOf([
        anAnalyticsRecord({ ...at, Path: '/v1.2/x', OauthID: 'client', Tags: ['edge', 'key-f3c4'] }),
        anAnalyticsRecord({
          ...at,
          Path: '/v1.2/x',
          ResponseCode: 403,
          Latency: { Total: 0, Upstream: 0 },
          RequestTime: 0,
        }),
      ]),
      false,
    );
    expect(Object.keys(document).sort()).toEqual([
      ...['apiendpoints', 'apiid', 'apikeys', 'endpoints', 'errors', 'expireAt', 'geo', 'keyendpoints', 'lasttime'],
      ...['lists', 'oauthendpoints', 'oauthids', 'orgid', 'tags', 'timeid', 'timestamp', 'total', 'versions'],
    ]);
    expect(document.timeid).toEqual({ day: 26, month: 11, year: 2026, hour: 3 });
    expect(document.timestamp).toEqual(hour);
    // Means are over all hits, as tyk-pump has it.
    expect(document.total).toEqual({
      ...{ hits: 2, success: 1, errortotal: 1, requesttime: 8.5, totalrequesttime: 17, identifier: '' },
      ...{ humanidentifier: '', lasttime: at.at, openconnections: 0, closedconnections: 0, bytesin: 0, bytesout: 0 },
      ...{ maxupstreamlatency: 12, minupstreamlatency: 12, totalupstreamlatency: 12, upstreamlatency: 6 },
      ...{ maxlatency: 17, minlatency: 17, totallatency: 17, latency: 8.5 },
      ...{ errormap: { '403': 1 }, errorlist: [{ code: '403', count: 1 }] },
    });
    const name = (text: string, encoding: 'hex' | 'base64url'): string => Buffer.from(text).toString(encoding);
    expect(document).toMatchObject({
      apiid: { a1: { hits: 2, humanidentifier: 'Echo' } },
      apikeys: { f3c4: { hits: 2, humanidentifier: 'anna' } },
      errors: { '403': { hits: 1, errortotal: 1 } },
      versions: { [name('a1:Non Versioned', 'base64url')]: { identifier: 'Non Versioned' } },
      endpoints: { '/v1.2/x': { hits: 2 } },
      apiendpoints: { [name('a1:Non Versioned:/v1.2/x', 'hex')]: { humanidentifier: '/v1.2/x' } },
      keyendpoints: { f3c4: { [name('a1:/v1.2/x', 'base64url')]: { hits: 2 } } },
      oauthids: { client: { hits: 1 } },
      oauthendpoints: { client: { [name('a1:/v1.2/x', 'base64url')]: { hits: 1 } } },
      tags: { edge: { hits: 1 } },
      lists: { apiid: [{ hits: 2 }], errors: [{ identifier: '403' }], keyendpoints: { f3c4: [{ hits: 2 }] } },
    });
  });

  it('is the same whether requests are added at once or bit by bit', () => {
    const whole = addToAggregate(null, rowsOf(traffic), false);
    let part: FoundAggregate | null = null;
    for (let from = 0; from < traffic.length; from += 70) {
      part = addToAggregate(part, rowsOf(traffic.slice(from, from + 70)), false);
    }
    const withoutOrder = (document: FoundAggregate | null) => ({ ...document, lists: null });
    expect(withoutOrder(part)).toEqual(withoutOrder(whole));
  });

  it('counts under (other) what it has no room for, so that every sum stays right', () => {
    const [early, late] = [traffic.slice(0, 20), traffic.slice(20)];
    const document = addToAggregate(addToAggregate(null, rowsOf(early), false), rowsOf(late), true);
    for (const part of ['apiid', 'apikeys', 'endpoints', 'apiendpoints', 'keyendpoints', 'versions'] as const) {
      const cells = aggregateCells(document, part);
      expect([part, cells.reduce((sum, { measures }) => sum + measures.hits, 0)]).toEqual([part, 300]);
    }
    expect(aggregateCells(document, 'endpoints').map(({ dimensions }) => dimensions.path)).toContain('(other)');
  });

  it('is read back by every combination that it knows', () => {
    const document = addToAggregate(null, rowsOf(traffic), false);
    const rows = rowsOf(traffic);
    const keyEndpoints = rows.filter(({ kind }) => kind === 'keyEndpoint');
    const found = aggregateCells(document, 'keyendpoints');
    const sumOf = (api: string | undefined, key: string | undefined, path: string | undefined): number =>
      keyEndpoints
        .filter(({ dimensions: one }) => one.api === api && one.key === key && one.path === path)
        .reduce((sum, { measures }) => sum + measures.hits, 0);
    for (const { dimensions, measures } of found) {
      expect(measures.hits).toBe(sumOf(dimensions.api, dimensions.key, dimensions.path));
    }
    expect(partThatKnows(new Set(['path', 'version']))).toBe('apiendpoints');
    expect(partThatKnows(new Set(['tag', 'api']))).toBeNull();
    const [total] = aggregateCells(document, 'total');
    expect(total && errorsAlone(total.measures)).toMatchObject({ hits: total?.measures.errors, success: 0 });
  });
});
