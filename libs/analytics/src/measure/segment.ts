import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { noMeasures, type Measures } from './measures';
import { rollupKinds, type Dimensions, type RollupRow } from './rollup';

/** Numbers of a row, in the order in which they are packed. */
const sums = [
  ...(['hits', 'success', 'errors', 'latencyCount', 'latencySum', 'upstreamSum', 'gatewaySum'] as const),
  ...(['contentLength', 'bytesIn', 'bytesOut'] as const),
] as const;
const extremes = ['latencyMax', 'latencyMin', 'upstreamMax', 'upstreamMin'] as const;
const counters = ['codes', 'sketch', 'keys', 'addresses'] as const;
const texts = ['api', 'version', 'key', 'path', 'oauth', 'tag', 'country'] as const;

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
type PackedRow = z.output<typeof packed>[number];

/** Rows as bytes: a database that keeps them has one value to store, whatever is in it. */
export const packRows = (rows: readonly RollupRow[]): Buffer =>
  deflateRawSync(JSON.stringify(rows.map(packRow)), { level: 1 });

/** The rows that were packed. @throws when the bytes are something else */
export const unpackRows = (bytes: Buffer): readonly RollupRow[] =>
  packed.parse(JSON.parse(inflateRawSync(bytes).toString())).map(unpackRow);

const packRow = ({ id, orgId, unit, at, kind, dimensions, label, measures }: RollupRow): PackedRow => [
  id,
  orgId,
  unit,
  at.getTime(),
  kind,
  texts.map((name) => dimensions[name] ?? null),
  dimensions.code ?? null,
  label,
  sums.map((name) => measures[name]),
  extremes.map((name) => measures[name]),
  measures.last?.getTime() ?? null,
  counters.map((name) => [...measures[name]].flat()),
];

const unpackRow = (row: PackedRow): RollupRow => {
  const [id, orgId, unit, at, kind, values, code, label, numbers, bounds, last, counts] = row;
  const dimensions: Dimensions = {
    ...Object.fromEntries(
      texts.flatMap((name, index) => (typeof values[index] === 'string' ? [[name, values[index]]] : [])),
    ),
    ...(code === null ? {} : { code }),
  };
  const measures: Measures = noMeasures();
  for (const [index, name] of sums.entries()) measures[name] = numbers[index] ?? 0;
  for (const [index, name] of extremes.entries()) measures[name] = bounds[index] ?? null;
  measures.last = last === null ? null : new Date(last);
  for (const [index, name] of counters.entries()) fill(measures[name], counts[index] ?? []);
  return { id, orgId, unit, at: new Date(at), kind, dimensions, label, measures };
};

const fill = (counter: Map<number, number>, flat: readonly number[]): void => {
  for (let at = 0; at + 1 < flat.length; at += 2) counter.set(flat[at] ?? 0, flat[at + 1] ?? 0);
};
