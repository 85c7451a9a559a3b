import { inflateRawSync } from 'node:zlib';
import type { mongo } from 'mongoose';
import { z } from 'zod';
import {
  noMeasures,
  rollupKinds,
  type Dimensions,
  type Measures,
  type RollupKind,
  type RollupRow,
  type RollupUnit,
} from '@castellan/analytics';

// The forms that sums had before decision 35. Written out, as they stay what they were when the forms of today change.

const sums = [
  ...(['hits', 'success', 'errors', 'latencyCount', 'latencySum', 'upstreamSum', 'gatewaySum'] as const),
  ...(['contentLength', 'bytesIn', 'bytesOut'] as const),
] as const;
const extremes = ['latencyMax', 'latencyMin', 'upstreamMax', 'upstreamMin'] as const;
const counters = ['codes', 'sketch', 'keys', 'addresses'] as const;
const texts = ['api', 'version', 'key', 'path', 'oauth', 'tag', 'country'] as const;

type Counts = Readonly<Record<string, number>>;

/** A row as it was a document: what is zero may be missing. */
export type EarlierRow = {
  readonly _id: string;
  readonly orgId: string;
  readonly unit: RollupUnit;
  readonly at: Date;
  readonly kind: RollupKind;
  readonly label?: string;
  readonly last: Date;
} & Dimensions & { readonly [K in (typeof sums)[number] | (typeof extremes)[number]]?: number } & {
    readonly [K in (typeof counters)[number]]?: Counts;
  };

/** Rows of some records as they were packed into JSON. */
export interface EarlierSegment {
  readonly _id: mongo.ObjectId;
  readonly orgId: string;
  readonly rows: mongo.Binary;
}

const packed = z.array(
  z.tuple([
    z.string(),
    z.string(),
    z.enum(['minute', 'hour', 'day']),
    z.number(),
    z.enum(rollupKinds),
    z.array(z.string().nullable()),
    z.number().nullable(),
    z.string(),
    z.array(z.number()),
    z.array(z.number().nullable()),
    z.number().nullable(),
    z.array(z.array(z.number())),
  ]),
);

const dimensionsOf = (values: Dimensions): Dimensions => {
  const { api, version, key, path, code, oauth, tag, country } = values;
  const given = Object.entries({ api, version, key, path, code, oauth, tag, country });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
};

export const rowOf = (row: EarlierRow): RollupRow => {
  const measures = noMeasures();
  for (const name of sums) measures[name] = row[name] ?? 0;
  for (const name of extremes) measures[name] = row[name] ?? null;
  measures.last = row.last;
  for (const name of counters) {
    for (const [number, count] of Object.entries(row[name] ?? {})) measures[name].set(Number(number), count);
  }
  const { orgId, unit, at, kind, label = '' } = row;
  return { orgId, unit, at, kind, dimensions: dimensionsOf(row), label, measures };
};

/** @throws when the bytes are something else */
export const unpacked = (bytes: Buffer): readonly RollupRow[] =>
  packed.parse(JSON.parse(inflateRawSync(bytes).toString())).map((row) => {
    const [, orgId, unit, at, kind, values, code, label, numbers, bounds, last, counts] = row;
    const measures: Measures = noMeasures();
    for (const [index, name] of sums.entries()) measures[name] = numbers[index] ?? 0;
    for (const [index, name] of extremes.entries()) measures[name] = bounds[index] ?? null;
    measures.last = last === null ? null : new Date(last);
    for (const [index, name] of counters.entries()) {
      const flat = counts[index] ?? [];
      for (let place = 0; place + 1 < flat.length; place += 2)
        measures[name].set(flat[place] ?? 0, flat[place + 1] ?? 0);
    }
    const named = texts.flatMap((name, index) => {
      const value = values[index];
      return typeof value === 'string' ? [[name, value] as const] : [];
    });
    const dimensions = { ...Object.fromEntries(named), ...(code === null ? {} : { code }) };
    return { orgId, unit, at: new Date(at), kind, dimensions, label, measures };
  });
