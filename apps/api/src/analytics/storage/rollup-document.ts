import {
  addMeasures,
  noMeasures,
  type Measures,
  type RollupKind,
  type RollupRow,
  type RollupUnit,
} from '@castellan/analytics';

/** Numbers by number; names of fields are texts. */
type Counts = Readonly<Record<string, number>>;

/** A rollup row as MongoDB has it. Measures that are zero may be missing. */
export interface RollupDocument {
  readonly _id: string;
  readonly orgId: string;
  readonly unit: RollupUnit;
  readonly at: Date;
  readonly kind: RollupKind;
  readonly api?: string;
  readonly version?: string;
  readonly key?: string;
  readonly path?: string;
  readonly code?: number;
  readonly oauth?: string;
  readonly tag?: string;
  readonly country?: string;
  readonly label?: string;
  readonly hits: number;
  readonly success: number;
  readonly errors: number;
  readonly latencyCount?: number;
  readonly latencySum?: number;
  readonly latencyMax?: number;
  readonly latencyMin?: number;
  readonly upstreamSum?: number;
  readonly upstreamMax?: number;
  readonly upstreamMin?: number;
  readonly gatewaySum?: number;
  readonly contentLength?: number;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly last: Date;
  readonly codes?: Counts;
  readonly sketch?: Counts;
  readonly keys?: Counts;
  readonly addresses?: Counts;
  readonly expireAt?: Date;
}

const dayMs = 86_400_000;

/**
 * How long rows are kept after their bucket: by the minute for a day and a little, by the hour for 400 days, by the day for
 * ten years.
 */
const keptMs: Readonly<Record<RollupUnit, number>> = { minute: 1.25 * dayMs, hour: 400 * dayMs, day: 3_650 * dayMs };

const sums = [
  ...(['latencyCount', 'latencySum', 'upstreamSum', 'gatewaySum', 'contentLength', 'bytesIn', 'bytesOut'] as const),
] as const;

/** Names of fields are texts. */
const counted = (field: string, counts: ReadonlyMap<number, number>): Readonly<Record<string, Counts>> =>
  counts.size === 0 ? {} : { [field]: Object.fromEntries(counts) };

/**
 * The row as MongoDB is to have it.
 *
 * @param before what it has of the row, which the measures are added to
 */
export const rollupDocument = (row: RollupRow, now: Date, before?: RollupDocument): RollupDocument => {
  const measures = before === undefined ? noMeasures() : measuresOf(before);
  addMeasures(measures, row.measures);
  const { latencyMax, latencyMin, upstreamMax, upstreamMin } = measures;
  const label = row.label === '' ? before?.label : row.label;
  return {
    _id: row.id,
    orgId: row.orgId,
    unit: row.unit,
    at: row.at,
    kind: row.kind,
    ...row.dimensions,
    ...(label === undefined ? {} : { label }),
    ...{ hits: measures.hits, success: measures.success, errors: measures.errors },
    ...Object.fromEntries(sums.flatMap((name) => (measures[name] === 0 ? [] : [[name, measures[name]]]))),
    ...withoutNulls({ latencyMax, latencyMin, upstreamMax, upstreamMin }),
    last: measures.last ?? row.at,
    ...counted('codes', measures.codes),
    ...counted('sketch', measures.sketch),
    ...counted('keys', measures.keys),
    ...counted('addresses', measures.addresses),
    // A node whose clock is behind is no reason to lose what it counted.
    expireAt: before?.expireAt ?? new Date(Math.max(row.at.getTime(), now.getTime() - dayMs) + keptMs[row.unit]),
  };
};

const withoutNulls = (fields: Readonly<Record<string, number | null>>): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));

const numbersOf = (counts: Counts | undefined): Map<number, number> =>
  new Map(Object.entries(counts ?? {}).map(([name, count]) => [Number(name), count]));

/** The row that a document is of. */
export const rowOf = (document: RollupDocument): RollupRow => {
  const { _id: id, orgId, unit, at, kind, api, version, key, path, code, oauth, tag, country, label = '' } = document;
  const given = Object.entries({ api, version, key, path, code, oauth, tag, country });
  const dimensions = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return { id, orgId, unit, at, kind, dimensions, label, measures: measuresOf(document) };
};

/** The measures of a row that was read. */
export const measuresOf = (row: RollupDocument): Measures => ({
  ...noMeasures(),
  hits: row.hits,
  success: row.success,
  errors: row.errors,
  latencyCount: row.latencyCount ?? 0,
  latencySum: row.latencySum ?? 0,
  latencyMax: row.latencyMax ?? null,
  latencyMin: row.latencyMin ?? null,
  upstreamSum: row.upstreamSum ?? 0,
  upstreamMax: row.upstreamMax ?? null,
  upstreamMin: row.upstreamMin ?? null,
  gatewaySum: row.gatewaySum ?? 0,
  contentLength: row.contentLength ?? 0,
  bytesIn: row.bytesIn ?? 0,
  bytesOut: row.bytesOut ?? 0,
  last: row.last,
  codes: numbersOf(row.codes),
  sketch: numbersOf(row.sketch),
  keys: numbersOf(row.keys),
  addresses: numbersOf(row.addresses),
});
