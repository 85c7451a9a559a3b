import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ClientSession, Model, Types } from 'mongoose';
import { isReloadCommand } from '@castellan/tyk';
import { newObjectId, toObjectId, type OrganisationId } from '../ids';
import { withoutRepeats, type Effect } from '../changes/effects';
import { recordLimits, type Told } from '../changes/records';
import { modelNames } from '../models';
import type { Head, ResourceRow } from '../resources/resource-row';
import type { FrozenListRow, ImportJournalRow, ImportRow, ImportStepRow } from './rows';

/** What changes about an import while it goes on. */
export type ImportProgress = Partial<
  Pick<
    ImportRow,
    | 'state'
    | 'released'
    | 'made'
    | 'journaled'
    | 'failures'
    | 'refusal'
    | 'lost'
    | 'owner'
    | 'leaseUntil'
    | 'finishedAt'
    | 'cleared'
  >
>;

/** A row before an import changed it, without its document. */
export interface ReplacedRow {
  readonly change: Pick<ImportJournalRow['change'], 'kind'>;
  readonly before: Head<ResourceRow>;
}

/** An import without what its batches need, as people are shown it. */
export type ImportSummary = Omit<ImportRow, 'context'>;

const underWay = ['applying', 'undoing'] as const;

/** Pieces that are inserted by one command. */
const piecesAtOnce = 200;

/** Imports that are made in batches: what they are to do, how far they have come, and what nodes see meanwhile. */
@Injectable()
export class ImportStore {
  constructor(
    @InjectModel(modelNames.import) private readonly imports: Model<ImportRow>,
    @InjectModel(modelNames.importStep) private readonly steps: Model<ImportStepRow>,
    @InjectModel(modelNames.importJournal) private readonly journal: Model<ImportJournalRow>,
    @InjectModel(modelNames.frozenList) private readonly frozen: Model<FrozenListRow>,
  ) {}

  /** Writes an import down with all its steps, and with what nodes are to see until it is over. Nothing begins yet. */
  async stage(
    row: ImportRow,
    steps: readonly Omit<ImportStepRow, '_id' | 'importId' | 'ordinal'>[],
    frozen: readonly Pick<FrozenListRow, 'list' | 'items'>[],
  ): Promise<void> {
    await this.imports.insertMany([row]);
    const piece = (ordinal: number) => ({ _id: newObjectId(), importId: row._id, ordinal });
    await insertAll(
      this.steps,
      steps.map((step, ordinal) => ({ ...step, ...piece(ordinal) })),
    );
    await insertAll(
      this.frozen,
      frozen.map((list, ordinal) => ({ ...list, ...piece(ordinal) })),
    );
  }

  async get(id: Types.ObjectId): Promise<ImportRow | null> {
    return this.imports.findById(id).lean<ImportRow>().exec();
  }

  /** The latest first. */
  async latest(organisation: OrganisationId, limit: number): Promise<ImportSummary[]> {
    return this.imports
      .find({ orgId: toObjectId(organisation) })
      .select({ context: 0 })
      .sort({ createdAt: -1, _id: -1 })
      .limit(limit)
      .lean<ImportSummary[]>()
      .exec();
  }

  /** Imports that somebody has to go on with, or clear away: nobody has worked on them since their lease ended. */
  async abandoned(now: Date): Promise<ImportRow[]> {
    return this.imports
      .find({ cleared: false, leaseUntil: { $lte: now } })
      .lean<ImportRow[]>()
      .exec();
  }

  /** Takes the right to work on an import until a time, or keeps it; null while somebody else has it or when it is over. */
  async take(id: Types.ObjectId, owner: string, now: Date, leaseUntil: Date): Promise<ImportRow | null> {
    return this.imports
      .findOneAndUpdate(
        { _id: id, state: { $in: [...underWay] }, $or: [{ owner }, { leaseUntil: { $lte: now } }] },
        { $set: { owner, leaseUntil } },
        { returnDocument: 'after' },
      )
      .lean<ImportRow>()
      .exec();
  }

  /**
   * Notes progress, as long as nobody else has made any since the row was read: so no batch is ever made twice.
   *
   * @returns whether it was noted
   */
  async progress(seen: ImportRow, progress: ImportProgress, session: ClientSession | null = null): Promise<boolean> {
    const { _id, owner, state, made, journaled } = seen;
    const released = seen.released ?? null;
    const { matchedCount } = await this.imports
      .updateOne({ _id, owner, state, released, made, journaled }, { $set: progress })
      .session(session)
      .exec();
    return matchedCount === 1;
  }

  /** Steps in their order, from the first of these ordinals up to and without the last. */
  async stepsBetween(id: Types.ObjectId, from: number, to: number): Promise<ImportStepRow[]> {
    return this.steps
      .find({ importId: id, ordinal: { $gte: from, $lt: to } })
      .sort({ ordinal: 1 })
      .lean<ImportStepRow[]>()
      .exec();
  }

  /** The next steps whose rows let go of what they claim, from an ordinal on. */
  async stepsToRelease(
    id: Types.ObjectId,
    from: number,
    limit: number,
  ): Promise<Pick<ImportStepRow, 'ordinal' | 'kind' | 'resourceId'>[]> {
    return this.steps
      .find({ importId: id, ordinal: { $gte: from }, released: { $ne: null } })
      .select({ ordinal: 1, kind: 1, resourceId: 1 })
      .sort({ ordinal: 1 })
      .limit(limit)
      .lean<Pick<ImportStepRow, 'ordinal' | 'kind' | 'resourceId'>[]>()
      .exec();
  }

  /** Steps whose rows let go of what they claim. */
  async releasingSteps(id: Types.ObjectId): Promise<Pick<ImportStepRow, 'kind' | 'resourceId' | 'released'>[]> {
    return this.steps
      .find({ importId: id, released: { $ne: null } })
      .select({ kind: 1, resourceId: 1, released: 1 })
      .lean<Pick<ImportStepRow, 'kind' | 'resourceId' | 'released'>[]>()
      .exec();
  }

  async addJournal(rows: readonly ImportJournalRow[], session: ClientSession): Promise<void> {
    await insertAll(this.journal, rows, session);
  }

  /** Changes by their ordinals, the newest first. */
  async journalBetween(id: Types.ObjectId, from: number, to: number): Promise<ImportJournalRow[]> {
    return this.journal
      .find({ importId: id, ordinal: { $gte: from, $lt: to } })
      .sort({ ordinal: -1 })
      .lean<ImportJournalRow[]>()
      .exec();
  }

  /** What the import has replaced or removed, as it was but for the documents; the latest change first. */
  async replaced(id: Types.ObjectId): Promise<ReplacedRow[]> {
    return this.journal
      .find({ importId: id, before: { $ne: null } })
      .select({ 'before.document': 0, effects: 0 })
      .sort({ ordinal: -1 })
      .lean<ReplacedRow[]>()
      .exec();
  }

  /** What an import has changed, as caches and nodes are told of it. */
  async outcome(id: Types.ObjectId): Promise<Told> {
    const [first, count, effects] = await Promise.all([
      this.journal
        .find({ importId: id })
        .select({ change: 1 })
        .sort({ ordinal: 1 })
        .limit(recordLimits.namedChanges)
        .lean<Pick<ImportJournalRow, 'change'>[]>()
        .exec(),
      this.journal.countDocuments({ importId: id }).exec(),
      this.effects(id),
    ]);
    return {
      changes: first.map(({ change }) => change),
      complete: count <= recordLimits.namedChanges,
      effects,
      reload: effects.some(({ command }) => isReloadCommand(command)),
    };
  }

  /** In the order of the changes; of those that say the same again only the first. */
  private async effects(id: Types.ObjectId): Promise<Effect[]> {
    const effects: Effect[] = [];
    const told = this.journal
      .find({ importId: id, 'effects.0': { $exists: true } })
      .select({ effects: 1 })
      .sort({ ordinal: 1 })
      .lean<Pick<ImportJournalRow, 'effects'>>()
      .cursor();
    for await (const row of told) effects.splice(0, effects.length, ...withoutRepeats([...effects, ...row.effects]));
    return effects;
  }

  /** What nodes are served of an organisation while the import is under way. */
  async frozenLists(
    id: Types.ObjectId,
    session: ClientSession | null = null,
  ): Promise<{ readonly apis: readonly string[]; readonly policies: readonly string[] }> {
    const rows = await this.frozen
      .find({ importId: id })
      .sort({ ordinal: 1 })
      .session(session)
      .lean<FrozenListRow[]>()
      .exec();
    const itemsOf = (list: FrozenListRow['list']) =>
      rows.filter((row) => row.list === list).flatMap((row) => row.items);
    return { apis: itemsOf('apis'), policies: itemsOf('policies') };
  }

  /** Drops everything that only an import under way needs. */
  async clear(id: Types.ObjectId): Promise<void> {
    const filter = { importId: id };
    await Promise.all([
      this.steps.deleteMany(filter).exec(),
      this.journal.deleteMany(filter).exec(),
      this.frozen.deleteMany(filter).exec(),
    ]);
    await this.imports.updateOne({ _id: id }, { $set: { cleared: true } }).exec();
  }

  /** Forgets every import of an organisation that is gone. */
  async forgetAllOf(organisation: OrganisationId): Promise<void> {
    const orgId = toObjectId(organisation);
    const rows = await this.imports.find({ orgId }).select({ _id: 1 }).lean<Pick<ImportRow, '_id'>[]>().exec();
    for (const { _id } of rows) await this.clear(_id);
    await this.imports.deleteMany({ orgId }).exec();
  }

  /** Forgets an import that never began. */
  async forget(id: Types.ObjectId): Promise<void> {
    await this.clear(id);
    await this.imports.deleteOne({ _id: id, state: 'staging' }).exec();
  }
}

/** As they are: rows of several kinds stand in them, which no schema describes. */
const insertAll = async <Row extends { readonly _id: Types.ObjectId }>(
  model: Model<Row>,
  rows: readonly Row[],
  session: ClientSession | null = null,
): Promise<void> => {
  for (let first = 0; first < rows.length; first += piecesAtOnce) {
    const some = rows.slice(first, first + piecesAtOnce).map((row) => ({ ...row }));
    await model.collection.insertMany(some, session === null ? {} : { session });
  }
};
