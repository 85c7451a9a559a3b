import { setImmediate as nextTurn } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { mongo } from 'mongoose';
import {
  lastPlace,
  placeOf,
  RowSum,
  spanStart,
  type OpenRows,
  type RollupKind,
  type RollupRow,
  type RollupUnit,
} from '@castellan/analytics';
import { AnalyticsCollections } from './collections';
import { OpenedSums } from './opened-sums';
import {
  callersIn,
  groupName,
  newHead,
  opened,
  rowsIn,
  sumsDocuments,
  type PlacedRow,
  type SumsDocument,
  type SumsGroup,
  type SumsHead,
} from './sums-document';
import { mayHold, spansOf, type WantedRows } from './wanted-rows';

/** Documents that are read at a time; together some megabytes. */
const atOnce = 32;

/** Somebody else has changed these sums since they were read. */
export class SumsMoved extends Error {
  constructor() {
    super('Sums have been changed without us');
    this.name = 'SumsMoved';
  }
}

/** Without the registers of callers where nobody asks for these. */
type FoundSums = Omit<SumsDocument, 'callers'> & Partial<Pick<SumsDocument, 'callers'>>;

/** A document, and the rows that are to be added to it. */
interface Addition {
  readonly head: SumsHead;
  readonly isNew: boolean;
  readonly rows: RollupRow[];
}

const withoutRows = { rows: 0, callers: 0 } as const;

/**
 * The sums as MongoDB has them: some hundred rows to a document, which is split when it is full. So a question reads a few
 * documents instead of thousands, and none of them grows without end.
 */
@Injectable()
export class RollupStore {
  private readonly held = new OpenedSums();

  constructor(@Inject(AnalyticsCollections) private readonly collections: Pick<AnalyticsCollections, 'sums'>) {}

  /**
   * Adds rows to what there is.
   *
   * @throws when somebody else has changed the same sums since they were read; the transaction is to be given up then
   */
  async add(rows: readonly RollupRow[], now: Date, session: mongo.ClientSession): Promise<void> {
    const additions = await this.additions(rows, session);
    for (let from = 0; from < additions.length; from += atOnce) {
      await this.addSome(additions.slice(from, from + atOnce), now, session);
    }
  }

  /** The rows that are wanted, document by document. */
  async *rows(wanted: WantedRows): AsyncGenerator<readonly RollupRow[]> {
    const { from, until } = wanted;
    for await (const document of this.documents(wanted)) {
      yield rowsIn(document).filter((row) => row.at >= from && row.at < until);
    }
  }

  /** The documents that have what is wanted, and other rows as well. In a session they are of one snapshot. */
  async *documents(wanted: WantedRows, session?: mongo.ClientSession): AsyncGenerator<FoundSums> {
    yield* this.found(await this.wantedHeads(wanted, session), wanted.callers ?? false, session);
  }

  /** The same, to be added up. What was opened for another question is not read again, unless it has changed. */
  async *opened(
    wanted: WantedRows,
    session: mongo.ClientSession,
  ): AsyncGenerator<{ readonly rows: OpenRows; readonly callers: Buffer | null }> {
    const { callers = false } = wanted;
    const missing: SumsHead[] = [];
    for (const head of await this.wantedHeads(wanted, session)) {
      const rows = callers ? null : this.held.get(head);
      if (rows === null) missing.push(head);
      else {
        await nextTurn();
        yield { rows, callers: null };
      }
    }
    for await (const document of this.found(missing, callers, session)) {
      const rows = opened(document);
      this.held.set(document, rows);
      yield { rows, callers: callersIn(document) };
    }
  }

  private async wantedHeads(wanted: WantedRows, session?: mongo.ClientSession): Promise<readonly SumsHead[]> {
    const { orgId, kinds, unit } = wanted;
    const { first, last } = spansOf(wanted);
    const heads = await this.heads(
      { orgId, kind: { $in: [...kinds] }, unit, at: { $gte: first, $lte: last } },
      session,
    );
    return heads.filter((head) => mayHold(head, wanted));
  }

  private async *found(
    heads: readonly SumsHead[],
    callers: boolean,
    session?: mongo.ClientSession,
  ): AsyncGenerator<FoundSums> {
    const held = heads.map(({ _id }) => _id);
    for (let at = 0; at < held.length; at += atOnce) {
      const projection = callers ? {} : { callers: 0 };
      const options = { projection, ...(session === undefined ? {} : { session }) };
      const found = await this.collections.sums
        .find<FoundSums>({ _id: { $in: held.slice(at, at + atOnce) } }, options)
        .toArray();
      for (const document of found) {
        await nextTurn();
        yield document;
      }
    }
  }

  /** What there is of an organisation's sums of some kinds, of all times. */
  headsOf(orgId: string, kinds: readonly RollupKind[]): AsyncIterable<SumsHead> {
    return this.collections.sums.find<SumsHead>({ orgId, kind: { $in: [...kinds] } }, { projection: withoutRows });
  }

  /** Rows of one document, and the document as it was read; null when it is gone. */
  async open(head: SumsHead, session?: mongo.ClientSession): Promise<readonly RollupRow[] | null> {
    const options = session === undefined ? {} : { session };
    const found = await this.collections.sums.findOne({ _id: head._id, version: head.version }, options);
    return found === null ? null : rowsIn(found);
  }

  /** Puts other rows, which belong there, in place of those of a document. @throws as {@link add} does */
  async replace(head: SumsHead, rows: readonly RollupRow[], now: Date, session: mongo.ClientSession): Promise<void> {
    await this.write([{ head, isNew: false, documents: sumsDocuments(head, placed(rows), now) }], session);
  }

  private async heads(filter: mongo.Filter<SumsDocument>, session?: mongo.ClientSession): Promise<readonly SumsHead[]> {
    const options = { projection: withoutRows, ...(session === undefined ? {} : { session }) };
    return this.collections.sums.find<SumsHead>(filter, options).toArray();
  }

  /** Which rows go into which document. */
  private async additions(rows: readonly RollupRow[], session: mongo.ClientSession): Promise<readonly Addition[]> {
    const groups = grouped(rows);
    if (groups.length === 0) return [];
    const all = groups.map(({ group }) => group);
    const found = await this.heads(
      {
        orgId: { $in: unique(all.map(({ orgId }) => orgId)) },
        kind: { $in: unique(all.map(({ kind }) => kind)) },
        unit: { $in: unique<RollupUnit>(all.map(({ unit }) => unit)) },
        at: { $in: unique(all.map(({ at }) => at.getTime())).map((time) => new Date(time)) },
      },
      session,
    );
    const heads = new Map<string, SumsHead[]>();
    for (const head of found) {
      const name = groupName(head);
      heads.set(name, [...(heads.get(name) ?? []), head]);
    }
    return groups.flatMap(({ group, rows: own }) => shared(own, group, heads.get(groupName(group)) ?? []));
  }

  private async addSome(additions: readonly Addition[], now: Date, session: mongo.ClientSession): Promise<void> {
    const known = additions.filter(({ isNew }) => !isNew).map(({ head }) => head._id);
    const found =
      known.length === 0 ? [] : await this.collections.sums.find({ _id: { $in: known } }, { session }).toArray();
    const before = new Map(found.map((document) => [document._id, document]));
    const changes: Change[] = [];
    for (const { head, isNew, rows } of additions) {
      await nextTurn();
      const sum = new RowSum();
      const document = before.get(head._id);
      if (document !== undefined) for (const row of rowsIn(document)) sum.add(row, row);
      for (const row of rows) sum.add(row, row);
      changes.push({ head, isNew, documents: sumsDocuments(head, placed(sum.rows), now) });
    }
    await this.write(changes, session);
  }

  private async write(changes: readonly Change[], session: mongo.ClientSession): Promise<void> {
    const { sums } = this.collections;
    const added = changes.flatMap(({ isNew, documents }) => (isNew ? documents : documents.slice(1)));
    const replaced = changes.flatMap(({ head, isNew, documents: [replacement] }) =>
      isNew || replacement === undefined
        ? []
        : [{ replaceOne: { filter: { _id: head._id, version: head.version }, replacement } }],
    );
    if (added.length > 0) await sums.insertMany(added, { session, ordered: false });
    if (replaced.length === 0) return;
    const { matchedCount } = await sums.bulkWrite(replaced, { session, ordered: false });
    if (matchedCount !== replaced.length) throw new SumsMoved();
  }
}

interface Change {
  readonly head: SumsHead;
  readonly isNew: boolean;
  readonly documents: readonly SumsDocument[];
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

const placed = (rows: readonly RollupRow[]): readonly PlacedRow[] =>
  rows.map((row) => ({ place: placeOf(row), row })).sort((left, right) => (left.place < right.place ? -1 : 1));

const grouped = (
  rows: readonly RollupRow[],
): readonly { readonly group: SumsGroup; readonly rows: readonly RollupRow[] }[] => {
  const groups = new Map<string, { readonly group: SumsGroup; readonly rows: RollupRow[] }>();
  for (const row of rows) {
    const group = { orgId: row.orgId, unit: row.unit, kind: row.kind, at: spanStart(row.unit, row.at) };
    const name = groupName(group);
    const known = groups.get(name);
    if (known === undefined) groups.set(name, { group, rows: [row] });
    else known.rows.push(row);
  }
  return [...groups.values()];
};

/** Shares rows of one span out among its documents, and such as there should be. */
const shared = (rows: readonly RollupRow[], group: SumsGroup, heads: readonly SumsHead[]): readonly Addition[] => {
  const additions = withoutGaps(group, heads);
  let next = 0;
  for (const { place, row } of placed(rows)) {
    while (place >= (additions[next]?.head.until ?? lastPlace)) next += 1;
    additions[next]?.rows.push(row);
  }
  return additions.filter(({ rows: own }) => own.length > 0);
};

/** One for every place: of a span that was split, some documents expire before others, and what comes late is begun anew. */
const withoutGaps = (group: SumsGroup, heads: readonly SumsHead[]): readonly Addition[] => {
  const additions: Addition[] = [];
  let low = '';
  for (const head of [...heads].sort((left, right) => (left.low < right.low ? -1 : 1))) {
    if (low < head.low) additions.push({ head: newHead(group, low, head.low), isNew: true, rows: [] });
    additions.push({ head, isNew: false, rows: [] });
    low = head.until;
  }
  if (low < lastPlace) additions.push({ head: newHead(group, low, lastPlace), isNew: true, rows: [] });
  return additions;
};
