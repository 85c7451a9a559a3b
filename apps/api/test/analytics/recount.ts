import type { RollupRow } from '@castellan/analytics';

/** What is stored of a request, as far as sums are made of it. */
export interface Counted {
  readonly timestamp: Date;
  readonly responsecode: number;
  readonly apiid: string;
  readonly apiversion: string;
  readonly apikey: string;
  readonly path: string;
  readonly oauthid: string;
  readonly contentlength: number;
  readonly requesttime: number;
  readonly latency: { readonly total: number; readonly upstream: number; readonly gateway: number };
  readonly network: { readonly bytesin: number; readonly bytesout: number };
  readonly geo: { readonly country: { readonly isocode: string } };
  readonly tags: readonly string[];
}

/** Figures of a row, by name; those that are zero or unknown are left out. */
type Figures = Readonly<Record<string, number>>;

const unitMs = { hour: 3_600_000, day: 86_400_000 } as const;
const places = ['kind', 'unit', 'at', 'api', 'version', 'key', 'path', 'code', 'oauth', 'tag', 'country'] as const;
const added = [
  ...(['hits', 'success', 'errors', 'latencyCount', 'latencySum', 'upstreamSum', 'gatewaySum'] as const),
  ...(['contentLength', 'bytesIn', 'bytesOut'] as const),
] as const;
const bounds = ['latencyMax', 'latencyMin', 'upstreamMax', 'upstreamMin', 'last'] as const;

const nameOf = (row: Readonly<Record<string, unknown>>): string => JSON.stringify(places.map((place) => row[place]));

const withoutZeros = (figures: Figures): Figures =>
  Object.fromEntries(Object.entries(figures).filter(([name, value]) => value !== 0 || !isAdded(name)));
const isAdded = (name: string): boolean => (added as readonly string[]).includes(name) || name.startsWith('code ');

/** The rows that a record counts in, by what a row is of. */
const rowsOf = (record: Counted): readonly Readonly<Record<string, unknown>>[] => {
  const api = { api: record.apiid, version: record.apiversion };
  const { path, responsecode: code, oauthid: oauth } = record;
  const key = record.apikey === '' ? '00000000' : record.apikey;
  const country = record.geo.country.isocode;
  const tags = [...new Set(record.tags)].filter((tag) => !/^(key|org|api)-/.test(tag));
  return [
    { kind: 'total' },
    { kind: 'api', ...api },
    ...(code >= 400 ? [{ kind: 'error', ...api, code }] : []),
    { kind: 'key', ...api, key },
    { kind: 'endpoint', ...api, path },
    { kind: 'keyEndpoint', ...api, key, path },
    ...(oauth === '' ? [] : [{ kind: 'oauth', ...api, path, oauth }]),
    ...(country === '' ? [] : [{ kind: 'country', ...api, country }]),
    ...tags.map((tag) => ({ kind: 'tag', ...api, tag })),
  ];
};

const figuresOf = ({ latency, network, ...record }: Counted): Figures => {
  const { responsecode: code } = record;
  const timed = code < 400 || latency.total > 0 || latency.upstream > 0;
  const total = latency.total === 0 ? record.requesttime : latency.total;
  return {
    ...{ hits: 1, success: code >= 200 && code < 300 ? 1 : 0, errors: code >= 400 ? 1 : 0 },
    ...{ contentLength: record.contentlength, bytesIn: network.bytesin, bytesOut: network.bytesout },
    ...{ last: record.timestamp.getTime(), [`code ${code}`]: 1 },
    ...(timed
      ? {
          ...{ latencyCount: 1, latencySum: total, upstreamSum: latency.upstream, gatewaySum: latency.gateway },
          ...{ latencyMax: total, latencyMin: total, upstreamMax: latency.upstream, upstreamMin: latency.upstream },
        }
      : {}),
  };
};

const combined = (name: string, left: number, right: number): number => {
  if (name.endsWith('Max') || name === 'last') return Math.max(left, right);
  return name.endsWith('Min') ? Math.min(left, right) : left + right;
};

/** Counts stored requests by the hour and the day, one by one, without anything that the purger uses for it. */
export const recount = (records: Iterable<Counted>): ReadonlyMap<string, Figures> => {
  const counted = new Map<string, Record<string, number>>();
  for (const record of records) {
    const figures = figuresOf(record);
    for (const [unit, millis] of Object.entries(unitMs)) {
      const at = new Date(Math.floor(record.timestamp.getTime() / millis) * millis);
      for (const row of rowsOf(record)) {
        const name = nameOf({ ...row, unit, at });
        const into = counted.get(name) ?? {};
        for (const [figure, value] of Object.entries(figures)) {
          const before = into[figure];
          into[figure] = before === undefined ? value : combined(figure, before, value);
        }
        counted.set(name, into);
      }
    }
  }
  return new Map([...counted].map(([name, figures]) => [name, withoutZeros(figures)]));
};

/** The same of the rows that are stored. */
export const said = (rows: Iterable<RollupRow>): ReadonlyMap<string, Figures> => {
  const found = new Map<string, Figures>();
  for (const row of rows) {
    const { unit, at, kind, dimensions, measures } = row;
    if (unit === 'minute') continue;
    const codes = [...measures.codes].map(([code, count]) => [`code ${code}`, count] as const);
    const figures = [...added, ...bounds].flatMap((name) => {
      const value = measures[name];
      return value === null ? [] : [[name, Number(value)] as const];
    });
    const name = nameOf({ unit, at, kind, ...dimensions });
    if (found.has(name)) throw new Error(`${name} is stored twice`);
    found.set(name, withoutZeros(Object.fromEntries([...figures, ...codes])));
  }
  return found;
};
