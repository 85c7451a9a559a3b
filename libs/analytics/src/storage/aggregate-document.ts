import { noMeasures } from '../measure/measures';
import type { Dimensions, RollupRow } from '../measure/row';
import { addToCounter, type AggregateCounter, type CounterName, type FoundCounter } from './aggregate-counter';

type Counters<C> = Readonly<Record<string, C>>;

/** The dimensions of one value each, and those under whose values there are the endpoints that were called. */
const plain = [
  'apiid',
  'apikeys',
  'errors',
  'versions',
  'oauthids',
  'geo',
  'tags',
  'endpoints',
  'apiendpoints',
] as const;
const nested = ['keyendpoints', 'oauthendpoints'] as const;
type Plain = (typeof plain)[number];
type Nested = (typeof nested)[number];

/** What tyk-pump sums up of an organisation and an hour, as it writes it. */
export interface AggregateDocument {
  readonly orgid: string;
  readonly timestamp: Date;
  readonly timeid: Readonly<Record<'day' | 'month' | 'year' | 'hour', number>>;
  readonly expireAt: Date;
  readonly lasttime: Date;
  readonly total: AggregateCounter;
  readonly lists: Readonly<Record<string, unknown>>;
}
/** One as it is found, whoever wrote it. */
export type FoundAggregate = Pick<AggregateDocument, 'orgid' | 'timestamp'> & {
  readonly total?: FoundCounter;
} & Partial<Readonly<Record<Plain, Counters<FoundCounter> | null>>> &
  Partial<Readonly<Record<Nested, Counters<Counters<FoundCounter>> | null>>>;

/** Nul cannot stand in the name of a field, nor can nothing. */
const fieldName = (name: string): string => name.replaceAll('\0', '\u2400') || '(empty)';
const encoded = (name: string): string => Buffer.from(name).toString('base64url');
const hex = (name: string): string => Buffer.from(name).toString('hex');

/** What values are counted under that a document has no more room for. */
const other = '(other)';

interface OfDimension {
  readonly dimension: Plain;
  readonly endpoint: null;
}

interface OfEndpoint {
  readonly dimension: Nested;
  readonly endpoint: string;
}

/** Where something is counted: under a value of a dimension, or under an endpoint below that. */
type Place = CounterName & { readonly name: string } & (OfDimension | OfEndpoint);

const place = (dimension: Plain, name: string, label = name, identifier = name): Place => ({
  dimension,
  name: fieldName(name),
  endpoint: null,
  label,
  identifier,
});
const endpointOf = (dimension: Nested, name: string, { api = '', path = '' }: Dimensions): Place => {
  const endpoint = encoded(`${api}:${path}`);
  return { dimension, name: fieldName(name), endpoint, identifier: endpoint, label: endpoint };
};

/** Where a row counts, in the names that tyk-pump gives. */
const placesOf = ({ kind, dimensions, label }: RollupRow): readonly Place[] => {
  const { api = '', version = '', key = '', path = '', oauth = '', tag = '', country = '', code = 0 } = dimensions;
  switch (kind) {
    case 'api':
      return [place('apiid', api, label), place('versions', encoded(`${api}:${version}`), version, version)];
    case 'error':
      return [place('errors', String(code), '')];
    case 'key':
      return [place('apikeys', key, label)];
    case 'endpoint':
      return [place('endpoints', path), place('apiendpoints', hex(`${api}:${version}:${path}`), path)];
    case 'keyEndpoint':
      return [endpointOf('keyendpoints', key, dimensions)];
    case 'oauth':
      return [place('oauthids', oauth, ''), endpointOf('oauthendpoints', oauth, dimensions)];
    case 'tag':
      return [place('tags', tag)];
    case 'country':
      return [place('geo', country)];
    case 'total':
      return [];
  }
};

type Tables = Record<Plain, Map<string, FoundCounter>> & Record<Nested, Map<string, Map<string, FoundCounter>>>;

const tablesOf = (before: FoundAggregate | null): Tables => {
  const flat = (counters: Counters<FoundCounter> | null | undefined) => new Map(Object.entries(counters ?? {}));
  const deep = (counters: Counters<Counters<FoundCounter>> | null | undefined) =>
    new Map(Object.entries(counters ?? {}).map(([name, inner]) => [name, flat(inner)]));
  return {
    apiid: flat(before?.apiid),
    apikeys: flat(before?.apikeys),
    errors: flat(before?.errors),
    versions: flat(before?.versions),
    oauthids: flat(before?.oauthids),
    geo: flat(before?.geo),
    tags: flat(before?.tags),
    endpoints: flat(before?.endpoints),
    apiendpoints: flat(before?.apiendpoints),
    keyendpoints: deep(before?.keyendpoints),
    oauthendpoints: deep(before?.oauthendpoints),
  };
};

/** The table that a place is in, and its name there; with a full document only names that are known already. */
const tableOf = (tables: Tables, at: Place, isFull: boolean): readonly [Map<string, FoundCounter>, string] => {
  const { name } = at;
  if (at.endpoint === null) {
    const table = tables[at.dimension];
    return [table, isFull && !table.has(name) ? other : name];
  }
  const outer = tables[at.dimension];
  const value = isFull && !outer.has(name) ? other : name;
  const table = outer.get(value) ?? new Map<string, FoundCounter>();
  outer.set(value, table);
  return [table, isFull && !table.has(at.endpoint) ? other : at.endpoint];
};

const hundredYearsMs = 100 * 365 * 86_400_000;

/**
 * The document of an organisation and an hour with these rows added, as tyk-pump writes it. Connections are not counted.
 *
 * @param rows of one organisation and one hour, by the hour
 * @param isFull whether no new names may come into it: they are counted under `(other)`
 */
export const addToAggregate = (
  before: FoundAggregate | null,
  rows: readonly RollupRow[],
  isFull: boolean,
): AggregateDocument => {
  const [first] = rows;
  if (first === undefined) throw new RangeError('Nothing to add');
  const tables = tablesOf(before);
  let total = before?.total;
  for (const row of rows) {
    if (row.kind === 'total') total = addToCounter(total, row.measures, { identifier: '', label: '' });
    for (const at of placesOf(row)) {
      const [table, name] = tableOf(tables, at, isFull);
      const known = name === other ? { identifier: other, label: other } : at;
      table.set(name, addToCounter(table.get(name), row.measures, known));
    }
  }
  return documentOf(first, total, tables);
};

const documentOf = ({ orgId, at }: RollupRow, found: FoundCounter | undefined, tables: Tables): AggregateDocument => {
  // Those that were there and nothing was added to are completed as well.
  const whole = (name: string, counter: FoundCounter): AggregateCounter =>
    addToCounter(counter, noMeasures(), {
      identifier: counter.identifier ?? name,
      label: counter.humanidentifier ?? '',
    });
  const flat = (table: Map<string, FoundCounter>): Counters<AggregateCounter> =>
    Object.fromEntries([...table].map(([name, counter]) => [name, whole(name, counter)]));
  const total = whole('', found ?? { hits: 0 });
  const flats = Object.fromEntries(plain.map((name) => [name, flat(tables[name])]));
  const deeps = Object.fromEntries(
    nested.map((name) => [name, Object.fromEntries([...tables[name]].map(([value, table]) => [value, flat(table)]))]),
  );
  const listed = (counters: object): readonly unknown[] => Object.values(counters) as readonly unknown[];
  const lists = {
    ...Object.fromEntries(plain.map((name) => [name, listed(flats[name] ?? {})])),
    ...Object.fromEntries(
      nested.map((name) => [
        name,
        Object.fromEntries(Object.entries(deeps[name] ?? {}).map(([value, counters]) => [value, listed(counters)])),
      ]),
    ),
  };
  return {
    orgid: orgId,
    timestamp: at,
    timeid: {
      day: at.getUTCDate(),
      month: at.getUTCMonth() + 1,
      year: at.getUTCFullYear(),
      hour: at.getUTCHours(),
    },
    expireAt: new Date(at.getTime() + hundredYearsMs),
    lasttime: total.lasttime,
    total,
    ...flats,
    ...deeps,
    lists,
  };
};
