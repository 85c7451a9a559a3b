import { Schema, type Types } from 'mongoose';
import type { CastellanError } from '@castellan/dto';
import type { ChangeContext } from '../changes/change-context';
import type { Effect } from '../changes/effects';
import type { AuditRow } from '../changes/rows';
import { rowSchemaOptions, type Draft, type ResourceRow } from '../resources/resource-row';

/**
 * `staging`: the steps are being written down, nothing has changed. `applying`: batches of steps are made. `undoing`: a
 * step was refused, and what was made is taken back. `applied` and `undone` are ends.
 */
type ImportState = 'staging' | 'applying' | 'undoing' | 'applied' | 'undone';

/** Why an import was taken back, as the caller gets to see it. */
export type ImportRefusal = Pick<CastellanError, 'status' | 'code' | 'message' | 'errors' | 'meta'>;

/** An import that is too large for one transaction. */
export interface ImportRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  readonly state: ImportState;
  /** Of the document and the options, so that the same request finds its import again. */
  readonly digest: string;
  /** On whose behalf its batches are written, whichever replica writes them. */
  readonly context: Omit<ChangeContext, 'organisation'>;
  /** After how many steps each batch ends; the last one is the number of all steps. */
  readonly ends: readonly number[];
  /** How many resources the import is about, by what it does to them. */
  readonly counts: Readonly<Record<string, number>>;
  /** Up to which step what rows claim has been let go; null when all of it has, as in rows that lack the field. */
  readonly released?: number | null;
  /** How many steps are made. */
  readonly made: number;
  /** How many changes are in the journal and not taken back. */
  readonly journaled: number;
  /** Failures in a row of a kind that may pass, such as an outage. */
  readonly failures: number;
  readonly refusal: ImportRefusal | null;
  /** Resources that could not be put back, since something else has their ids now. */
  readonly lost: readonly Types.ObjectId[];
  /** The replica that works on it, until when nobody else may. */
  readonly owner: string;
  readonly leaseUntil: Date;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  /** Whether steps, journal and frozen lists are gone. */
  readonly cleared: boolean;
}

export const importSchema = new Schema<ImportRow>(
  {
    orgId: { type: Schema.Types.ObjectId, required: true },
    state: { type: String, required: true },
    digest: { type: String, required: true },
    context: { type: Schema.Types.Mixed, required: true },
    ends: { type: [Number], required: true },
    counts: { type: Schema.Types.Mixed, required: true },
    released: { type: Number, default: null },
    made: { type: Number, required: true },
    journaled: { type: Number, required: true },
    failures: { type: Number, required: true },
    refusal: { type: Schema.Types.Mixed, default: null },
    lost: { type: [Schema.Types.ObjectId], required: true },
    owner: { type: String, required: true },
    leaseUntil: { type: Date, required: true },
    createdAt: { type: Date, required: true },
    finishedAt: { type: Date, default: null },
    cleared: { type: Boolean, required: true },
  },
  { ...rowSchemaOptions, collection: 'imports' },
)
  .index({ orgId: 1, createdAt: -1 })
  .index({ cleared: 1 }, { partialFilterExpression: { cleared: false } })
  // Kept a month, for those who ask later how it ended.
  .index({ finishedAt: 1 }, { expireAfterSeconds: 30 * 24 * 3600 });

/** One step of an import: a row to be put in place, or to be removed. */
export interface ImportStepRow {
  readonly _id: Types.ObjectId;
  readonly importId: Types.ObjectId;
  readonly ordinal: number;
  readonly kind: string;
  readonly resourceId: Types.ObjectId;
  /** Where it stands in the imported document, or what else names it. */
  readonly path: string;
  /** The row to be put in place; null when it is to be removed. */
  readonly draft: Draft<ResourceRow> | null;
  /** The first version of a row that is new. */
  readonly version: number;
  /** What the row claims and lets go before the first step, since others are about to get it. */
  readonly released: { readonly claims: readonly string[]; readonly slug: string | null } | null;
}

/** One change that an import made, and how to take it back. Ordinals are in the order in which changes were made. */
export interface ImportJournalRow {
  readonly _id: Types.ObjectId;
  readonly importId: Types.ObjectId;
  readonly ordinal: number;
  /** The row as it was; null when there was none. */
  readonly before: ResourceRow | null;
  readonly change: AuditRow['changes'][number];
  /** What nodes are to be told of it. */
  readonly effects: readonly Effect[];
}

/** A piece of what nodes are served of an organisation while an import is under way. */
export interface FrozenListRow {
  readonly _id: Types.ObjectId;
  readonly importId: Types.ObjectId;
  readonly list: 'apis' | 'policies';
  readonly ordinal: number;
  readonly items: readonly string[];
}

// Written and read without Mongoose's casting, because rows of several kinds stand in them.
const piece = (collection: string): Schema =>
  new Schema(
    { importId: { type: Schema.Types.ObjectId, required: true }, ordinal: { type: Number, required: true } },
    { ...rowSchemaOptions, strict: false, collection },
  ).index({ importId: 1, ordinal: 1 });

export const importStepSchema = piece('import_steps');
export const importJournalSchema = piece('import_journal');
export const frozenListSchema = piece('frozen_lists');
