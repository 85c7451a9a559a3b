import type { AnalyticsRecord } from '../record';
import { addMeasures, addRecord, keyOf, noMeasures } from './measures';
import type { Dimensions, RollupKind, RollupRow } from './row';
import { bucketStart, rowId, rowName, unitMs, type RowPlace } from './row-place';

/** Stands for every value that came after a bucket had as many as it may have. */
export const otherValue = '(other)';

/** Rows of a kind that an API may have in an hour; for `api` it bounds the versions, whose names callers choose. */
const mostRows: Readonly<Partial<Record<RollupKind, number>>> = {
  api: 100,
  key: 20_000,
  endpoint: 2_000,
  keyEndpoint: 50_000,
  oauth: 20_000,
  tag: 1_000,
};

/** Which rows a bucket of an hour has already, so that their number stays bounded whatever callers send. */
export interface RowLimit {
  /** @returns false when the group has as many rows as it may and this is none of them */
  admits(group: RowGroup, id: string): boolean;
}

/** The rows whose number is bounded together. */
export interface RowGroup {
  readonly orgId: string;
  readonly kind: RollupKind;
  readonly api: string;
  /** Beginning of the hour. */
  readonly at: Date;
  readonly most: number;
}

/** Of these there are few values, so that they are kept by the minute too. */
const byTheMinute: ReadonlySet<RollupKind> = new Set(['total', 'api', 'error']);
/** Counting different callers takes room, and is asked of these. */
const withCallers: ReadonlySet<RollupKind> = new Set(['total', 'api']);

/** Tags that gateways add by themselves, with what the record says elsewhere. */
const ownTag = /^(key-|org-|api-)|^tyk-graph-analytics$/;

/** Rows by what they are of; adding one that is there adds up their measures. */
export class RowSum {
  private readonly byName = new Map<string, RollupRow>();

  get rows(): readonly RollupRow[] {
    return [...this.byName.values()];
  }

  get size(): number {
    return this.byName.size;
  }

  at(place: RowPlace): RollupRow {
    const name = rowName(place);
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const row = { ...place, label: '', measures: noMeasures() };
    this.byName.set(name, row);
    return row;
  }

  add(place: RowPlace, { label, measures }: Pick<RollupRow, 'label' | 'measures'>): void {
    const row = this.at(place);
    if (label !== '') row.label = label;
    addMeasures(row.measures, measures);
  }

  has(place: RowPlace): boolean {
    return this.byName.has(rowName(place));
  }
}

/** The rows of one API and version, or of an organisation as a whole, by what else tells them apart. */
interface Scope {
  readonly orgId: string;
  readonly dimensions: Dimensions;
  readonly rows: Map<string, RollupRow>;
}

/** Adds up records by bucket and dimensions: all of them by the hour, and by the minute where there are few values. */
export class Rollup {
  private readonly scopes = new Map<string, Scope>();

  get rows(): readonly RollupRow[] {
    return [...this.scopes.values()].flatMap(({ rows }) => [...rows.values()]);
  }

  add(record: AnalyticsRecord): void {
    const { orgId, responseCode: code, path, oauthId: oauth } = record;
    const ofApi = this.scope(orgId, { api: record.apiId, version: record.apiVersion });
    count(this.scope(orgId, {}), record, 'total', {}, '');
    count(ofApi, record, 'api', {}, record.apiName);
    if (code >= 400) count(ofApi, record, 'error', { code }, '');
    if (code < 0) return;

    const key = keyOf(record);
    const { isoCode: country } = record.geo;
    count(ofApi, record, 'key', { key }, record.alias);
    count(ofApi, record, 'endpoint', { path }, '');
    count(ofApi, record, 'keyEndpoint', { key, path }, record.alias);
    if (oauth !== '') count(ofApi, record, 'oauth', { path, oauth }, '');
    if (country !== '') count(ofApi, record, 'country', { country }, '');
    for (const tag of new Set(record.tags)) {
      if (tag !== '' && !ownTag.test(tag)) count(ofApi, record, 'tag', { tag }, '');
    }
  }

  private scope(orgId: string, dimensions: Pick<Dimensions, 'api' | 'version'>): Scope {
    const name = JSON.stringify([orgId, dimensions.api, dimensions.version]);
    const known = this.scopes.get(name);
    if (known !== undefined) return known;
    const scope: Scope = { orgId, dimensions, rows: new Map() };
    this.scopes.set(name, scope);
    return scope;
  }
}

const hourAlone = ['hour'] as const;
const minuteAndHour = ['minute', 'hour'] as const;

/** What a kind groups by beside API and version: any but the last is told from what follows it by its length. */
const nameOf = ({ key, path, code, oauth, tag, country }: Dimensions): string => {
  const last = path ?? key ?? tag ?? country ?? code ?? '';
  const first = oauth ?? (path === undefined ? undefined : key);
  return first === undefined ? String(last) : `${first.length} ${first}${last}`;
};

const count = (scope: Scope, record: AnalyticsRecord, kind: RollupKind, own: Dimensions, label: string): void => {
  const name = nameOf(own);
  const time = record.timeStamp.getTime();
  for (const unit of byTheMinute.has(kind) ? minuteAndHour : hourAlone) {
    // No part before the name has a space, so that none of them can be taken for another one.
    const whole = `${kind} ${unit} ${Math.floor(time / unitMs[unit])} ${name}`;
    let row = scope.rows.get(whole);
    if (row === undefined) {
      const at = bucketStart(unit, record.timeStamp);
      const { orgId, dimensions } = scope;
      row = { orgId, unit, at, kind, dimensions: { ...dimensions, ...own }, label: '', measures: noMeasures() };
      scope.rows.set(whole, row);
    }
    if (label !== '') row.label = label;
    addRecord(row.measures, record, withCallers.has(kind) && unit === 'hour');
  }
};

/** Merges rows of several rollups, bounds their number, and adds the rows of days to those of hours. */
export class RowMerge {
  private readonly made = new RowSum();

  constructor(private readonly limit: RowLimit) {}

  get rows(): readonly RollupRow[] {
    return this.made.rows;
  }

  add(row: RollupRow): void {
    const place = this.admitted(row);
    this.made.add(place, row);
    if (row.unit === 'hour') this.made.add({ ...place, unit: 'day', at: bucketStart('day', row.at) }, row);
  }

  /** As it is, or with {@link otherValue} for what has too many values already. */
  private admitted({ orgId, unit, at, kind, dimensions }: RollupRow): RowPlace {
    const place = { orgId, unit, at, kind, dimensions };
    const most = mostRows[kind];
    if (most === undefined || this.made.has(place)) return place;
    const hour = bucketStart('hour', at);
    const group = { orgId, kind, api: dimensions.api ?? '', at: hour, most };
    return this.limit.admits(group, rowId({ ...place, unit: 'hour', at: hour }))
      ? place
      : { ...place, dimensions: withOther(kind, dimensions) };
  }
}

const withOther = (kind: RollupKind, dimensions: Dimensions): Dimensions => {
  if (kind === 'api') return { ...dimensions, version: otherValue };
  if (kind === 'key') return { ...dimensions, key: otherValue };
  if (kind === 'tag') return { ...dimensions, tag: otherValue };
  return { ...dimensions, path: otherValue };
};
