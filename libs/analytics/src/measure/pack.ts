import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { CountSum } from './count-sum';
import { addMeasures, noMeasures, type Measures } from './measures';
import { NumberReader, NumberWriter } from './number-bytes';
import { rollupKinds, type Dimensions, type RollupRow } from './row';

/** Numbers of a row, in the order in which they are packed. */
const sums = [
  ...(['hits', 'success', 'errors', 'latencyCount', 'latencySum', 'upstreamSum', 'gatewaySum'] as const),
  ...(['contentLength', 'bytesIn', 'bytesOut'] as const),
] as const;
const extremes = ['latencyMax', 'latencyMin', 'upstreamMax', 'upstreamMin'] as const;
const counters = ['codes', 'sketch', 'keys', 'addresses'] as const;
const texts = ['api', 'version', 'key', 'path', 'oauth', 'tag', 'country'] as const;

const columns = z.object({
  unit: z.array(z.enum(['minute', 'hour', 'day'])),
  at: z.array(z.number()),
  kind: z.array(z.enum(rollupKinds)),
  label: z.array(z.string()),
  code: z.array(z.number().nullable()),
  texts: z.array(z.array(z.string().nullable())),
});
type Columns = z.output<typeof columns>;

/** Rows of one organisation as bytes: a database that keeps them has little to store, whatever is in them. */
export interface Pack {
  readonly rows: Buffer;
  /** Registers of unique callers, which are large and seldom asked for; empty when no row has any. */
  readonly callers: Buffer;
}

const noBytes = Buffer.alloc(0);
const deflate = (bytes: Buffer): Buffer => deflateRawSync(bytes, { level: 1 });

export const packRows = (rows: readonly RollupRow[]): Pack => {
  const names: Columns = {
    unit: rows.map(({ unit }) => unit),
    at: rows.map(({ at }) => at.getTime()),
    kind: rows.map(({ kind }) => kind),
    label: rows.map(({ label }) => label),
    code: rows.map(({ dimensions }) => dimensions.code ?? null),
    texts: texts.map((name) => {
      const values = rows.map(({ dimensions }) => dimensions[name] ?? null);
      return values.every((value) => value === null) ? [] : values;
    }),
  };
  const header = Buffer.from(JSON.stringify(names));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  return { rows: deflate(Buffer.concat([length, header, numbersOf(rows)])), callers: callersOf(rows) };
};

const numbersOf = (rows: readonly RollupRow[]): Buffer => {
  const numbers = new NumberWriter();
  for (const { measures } of rows) {
    for (const name of sums) numbers.double(measures[name]);
    for (const name of extremes) numbers.double(measures[name]);
    numbers.double(measures.last?.getTime() ?? null);
    numbers.counts(measures.codes);
    numbers.counts(measures.sketch);
  }
  return numbers.written;
};

const callersOf = (rows: readonly RollupRow[]): Buffer => {
  if (rows.every(({ measures: { keys, addresses } }) => keys.size + addresses.size === 0)) return noBytes;
  const numbers = new NumberWriter();
  for (const { measures } of rows) {
    numbers.counts(measures.keys);
    numbers.counts(measures.addresses);
  }
  return deflate(numbers.written);
};

/**
 * The rows that were packed.
 *
 * @param callers null where nobody asks for unique callers
 * @throws when the bytes are something else
 */
export const unpackRows = (orgId: string, rows: Buffer, callers: Buffer | null): readonly RollupRow[] => {
  const open = openRows(rows);
  const reading = readingOf(open, callers);
  return open.names.map((name) => {
    const measures = noMeasures();
    readMeasures(reading, measures, null);
    return { orgId, ...name, measures };
  });
};

/** What measures are to be added to. */
export interface RowSink {
  readonly measures: Measures;
  /** Where the sketch of latencies is added, instead of to the measures. */
  readonly sketch: CountSum;
}

/** Rows that were packed, of which everything is read but the numbers. */
export interface OpenRows {
  readonly names: readonly RowName[];
  /** What the numbers are in, and where they begin. */
  readonly bytes: Buffer;
  readonly begin: number;
}

type RowName = Omit<RollupRow, 'orgId' | 'measures'>;

/** @throws as {@link unpackRows} does */
export const openRows = (rows: Buffer): OpenRows => {
  const bytes = inflateRawSync(rows);
  const begin = 4 + bytes.readUInt32LE(0);
  return { names: namesIn(columns.parse(JSON.parse(bytes.toString('utf8', 4, begin)))), bytes, begin };
};

/**
 * Adds up rows that were packed, without making each of them.
 *
 * @param take says where to add a row; null leaves it out
 * @throws as {@link unpackRows} does
 */
export const addOpenRows = (open: OpenRows, callers: Buffer | null, take: (row: RowName) => RowSink | null): void => {
  const reading = readingOf(open, callers);
  const read = noMeasures();
  const nowhere = new CountSum();
  for (const name of open.names) {
    const sink = take(name);
    for (const counter of counters) read[counter].clear();
    readMeasures(reading, read, sink?.sketch ?? nowhere);
    if (sink !== null) addMeasures(sink.measures, read);
  }
};

interface Reading {
  readonly numbers: NumberReader;
  readonly registers: NumberReader | null;
}

const readingOf = ({ bytes, begin }: OpenRows, callers: Buffer | null): Reading => ({
  numbers: new NumberReader(bytes, begin),
  registers: callers === null || callers.length === 0 ? null : new NumberReader(inflateRawSync(callers)),
});

const namesIn = (names: Columns): readonly RowName[] =>
  names.at.map((at, index) => {
    const [unit, kind, label] = [names.unit[index], names.kind[index], names.label[index]];
    if (unit === undefined || kind === undefined || label === undefined) throw new RangeError('Rows without names');
    return { unit, at: new Date(at), kind, dimensions: dimensionsAt(names, index), label };
  });

/** Reads the next row. @param sketch where its sketch goes, if not into the measures */
const readMeasures = ({ numbers, registers }: Reading, into: Measures, sketch: CountSum | null): void => {
  for (const name of sums) into[name] = numbers.double() ?? 0;
  for (const name of extremes) into[name] = numbers.double();
  const last = numbers.double();
  into.last = last === null ? null : new Date(last);
  numbers.counts(into.codes);
  if (sketch === null) numbers.counts(into.sketch);
  else sketch.read(numbers);
  registers?.counts(into.keys);
  registers?.counts(into.addresses);
};

const dimensionsAt = (names: Columns, index: number): Dimensions => {
  const dimensions: { -readonly [K in keyof Dimensions]: Dimensions[K] } = {};
  for (const [place, name] of texts.entries()) {
    const value = names.texts[place]?.[index];
    if (typeof value === 'string') dimensions[name] = value;
  }
  const code = names.code[index];
  if (typeof code === 'number') dimensions.code = code;
  return dimensions;
};
