import { createHash } from 'node:crypto';
import { mongo } from 'mongoose';
import {
  openRows,
  packRows,
  unpackRows,
  type OpenRows,
  type RollupKind,
  type RollupRow,
  type RollupUnit,
} from '@castellan/analytics';

/** Rows of one organisation, unit, span of time and kind whose places lie between two bounds. */
export interface SumsDocument {
  readonly _id: string;
  readonly orgId: string;
  readonly unit: RollupUnit;
  readonly kind: RollupKind;
  /** Beginning of the span; see `spanStart`. */
  readonly at: Date;
  /** The first place that belongs here, and the first that does not any more. */
  readonly low: string;
  readonly until: string;
  /** Another one after each change. */
  readonly version: mongo.ObjectId;
  /** See `packRows`. */
  readonly rows: mongo.Binary;
  readonly callers: mongo.Binary;
  readonly expireAt: Date;
}

/** What is known of sums without reading them. */
export type SumsHead = Omit<SumsDocument, 'rows' | 'callers'>;

/** What is the same for all sums that share a span. */
export type SumsGroup = Pick<SumsDocument, 'orgId' | 'unit' | 'kind' | 'at'>;

const dayMs = 86_400_000;

/**
 * How long rows are kept after their bucket: by the minute for a day and a little, by the hour for 400 days, by the day for
 * ten years.
 */
const keptMs: Readonly<Record<RollupUnit, number>> = { minute: 1.25 * dayMs, hour: 400 * dayMs, day: 3_650 * dayMs };

/** A document holds no more than this: what is added to it later has to be read, and written again. */
const mostRows = 500;
const mostBytes = 256 * 1024;

/** A row, and where it stands. */
export interface PlacedRow {
  readonly place: string;
  readonly row: RollupRow;
}

export const groupName = ({ orgId, unit, kind, at }: SumsGroup): string => `${orgId} ${unit} ${kind} ${at.getTime()}`;

/** The one that takes in everything between two places of a span of which there is nothing yet. */
export const newHead = (group: SumsGroup, low: string, until: string): SumsHead => ({
  ...group,
  _id: idOf(group, low),
  ...{ low, until },
  version: new mongo.ObjectId(),
  expireAt: new Date(0),
});

const idOf = (group: SumsGroup, low: string): string =>
  createHash('sha256')
    .update(`${groupName(group)} ${low}`)
    .digest('base64url');

/**
 * What is to be stored in place of a document; more than one when the rows are too many for it.
 *
 * @param placed all rows that belong there, in order
 */
export const sumsDocuments = (head: SumsHead, placed: readonly PlacedRow[], now: Date): readonly SumsDocument[] => {
  const { orgId, unit, kind, at } = head;
  const group = { orgId, unit, kind, at };
  const parts = partsOf(placed);
  return parts.map(({ pack, rows }, index) => {
    const low = index === 0 ? head.low : (rows[0]?.place ?? head.low);
    // A node whose clock is behind is no reason to lose what it counted.
    const times = rows.map(({ row }) => Math.max(row.at.getTime(), now.getTime() - dayMs) + keptMs[unit]);
    return {
      _id: index === 0 ? head._id : idOf(group, low),
      ...group,
      low,
      until: parts[index + 1]?.rows[0]?.place ?? head.until,
      version: new mongo.ObjectId(),
      rows: new mongo.Binary(pack.rows),
      callers: new mongo.Binary(pack.callers),
      expireAt: new Date(times.reduce((latest, time) => Math.max(latest, time), head.expireAt.getTime())),
    };
  });
};

const partsOf = (
  rows: readonly PlacedRow[],
): readonly { readonly pack: ReturnType<typeof packRows>; readonly rows: readonly PlacedRow[] }[] => {
  if (rows.length <= mostRows) {
    const pack = packRows(rows.map(({ row }) => row));
    if (rows.length <= 1 || pack.rows.length + pack.callers.length <= mostBytes) return [{ pack, rows }];
  }
  const middle = Math.ceil(rows.length / 2);
  return [...partsOf(rows.slice(0, middle)), ...partsOf(rows.slice(middle))];
};

/** Without `callers` where nobody asks for unique callers. */
type PackedSums = Pick<SumsDocument, 'orgId' | 'rows'> & { readonly callers?: mongo.Binary };

const bytesOf = (value: mongo.Binary | undefined): Buffer | null =>
  value === undefined ? null : Buffer.from(value.buffer);

export const rowsIn = ({ orgId, rows, callers }: PackedSums): readonly RollupRow[] =>
  unpackRows(orgId, Buffer.from(rows.buffer), bytesOf(callers));

/** What can be added up, see `addOpenRows`, as often as it is asked for. */
export const opened = ({ rows }: Pick<SumsDocument, 'rows'>): OpenRows => openRows(Buffer.from(rows.buffer));

export const callersIn = ({ callers }: Pick<PackedSums, 'callers'>): Buffer | null => bytesOf(callers);
