import { Schema, type Types } from 'mongoose';
import { generationsCollection } from '@castellan/delivery';
import { rowSchemaOptions } from '../resources/resource-row';
import type { Effect } from './effects';

/** Who did it. */
export interface Actor {
  readonly kind: 'user' | 'admin' | 'system';
  /** 24 hex digits for a user, empty otherwise. */
  readonly id: string;
  /** Email address for a user, otherwise what the audit log shows. */
  readonly name: string;
}

export type Operation = 'create' | 'update' | 'delete' | 'rollback' | 'restore';

/** One state of one resource, for ever as it was. */
export interface RevisionRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  readonly kind: string;
  readonly resourceId: Types.ObjectId;
  /** The version that the resource had from then on; a deletion takes one too. */
  readonly number: number;
  readonly operation: Operation;
  /** The state after the change; null after a deletion, and for kinds whose history keeps none. */
  readonly document: string | null;
  readonly digest: string;
  /**
   * Structural diff from the state before, as JSON text; null where it would be too large to keep. Where the history keeps no
   * documents, with digests in the place of values that it may not show.
   */
  readonly diff: string | null;
  readonly actor: Actor;
  readonly reason: string;
  readonly requestId: string;
  readonly at: Date;
  /**
   * The generation of the organisation that the change belongs to: what nodes are served from it on has this revision.
   * Absent from revisions that are older than this field.
   */
  readonly generation?: number;
  /** The id of its own by which the resource was named, where it has one; absent from revisions that are older than this field. */
  readonly key?: string;
}

const actorFields = { _id: false, kind: String, id: String, name: String };

export const revisionSchema = new Schema<RevisionRow>(
  {
    orgId: { type: Schema.Types.ObjectId, required: true },
    kind: { type: String, required: true },
    resourceId: { type: Schema.Types.ObjectId, required: true },
    number: { type: Number, required: true },
    operation: { type: String, required: true },
    document: { type: String, default: null },
    digest: { type: String, required: true },
    diff: { type: String, default: null },
    actor: actorFields,
    reason: { type: String, default: '' },
    requestId: { type: String, required: true },
    at: { type: Date, required: true },
    generation: { type: Number },
    key: { type: String },
  },
  { ...rowSchemaOptions, collection: 'revisions' },
)
  .index({ orgId: 1, kind: 1, resourceId: 1, number: -1 }, { unique: true })
  // Deletions are listed, and nothing else by what was done.
  .index({ orgId: 1, kind: 1, operation: 1, at: -1 }, { partialFilterExpression: { operation: 'delete' } })
  .index({ orgId: 1, kind: 1, key: 1, at: -1 }, { partialFilterExpression: { key: { $exists: true } } })
  .index({ at: 1, _id: 1 });

/** One write, or one refused write. */
export interface AuditRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId | null;
  readonly at: Date;
  readonly actor: Actor;
  /** In Tyk's words, such as `Update API`. */
  readonly action: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
  readonly ip: string;
  readonly requestId: string;
  readonly reason: string;
  /** What was refused, and why; empty for a write that was made. */
  readonly refusal: string;
  readonly changes: readonly {
    readonly kind: string;
    readonly id: string;
    readonly operation: Operation;
    readonly version: number;
  }[];
  /** Redacted structural diff as JSON text; null where it would be too large to keep. */
  readonly diff: string | null;
  /** There until the sealer came by, so that a small index finds what it has to do; then the next two take its place. */
  readonly pending?: true;
  /** Place in the organisation's chain, from 1. */
  readonly sequence?: number;
  /** Hash over this record and the hash before it. */
  readonly seal?: string;
}

export const auditSchema = new Schema<AuditRow>(
  {
    orgId: { type: Schema.Types.ObjectId, default: null },
    at: { type: Date, required: true },
    actor: actorFields,
    action: { type: String, default: '' },
    method: { type: String, required: true },
    path: { type: String, required: true },
    status: { type: Number, required: true },
    ip: { type: String, default: '' },
    requestId: { type: String, required: true },
    reason: { type: String, default: '' },
    refusal: { type: String, default: '' },
    changes: { type: [{ _id: false, kind: String, id: String, operation: String, version: Number }], default: [] },
    diff: { type: String, default: null },
    pending: { type: Boolean },
    sequence: { type: Number },
    seal: { type: String },
  },
  { ...rowSchemaOptions, collection: 'audit' },
)
  // Ascending, though lists begin with the newest: the embedded server misses the boundary of a descending range.
  .index({ orgId: 1, at: 1, _id: 1 })
  .index({ at: 1, _id: 1 })
  .index({ orgId: 1, 'changes.id': 1, at: 1, _id: 1 })
  .index({ requestId: 1 })
  .index({ orgId: 1, sequence: 1 }, { unique: true, partialFilterExpression: { sequence: { $exists: true } } })
  .index({ pending: 1, orgId: 1, at: 1, _id: 1 }, { partialFilterExpression: { pending: true } });

/**
 * One committed change: what caches have to read again, and what nodes have to hear of. Deleted some time after the nodes
 * have heard of it.
 */
export interface OutboxRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  /** Place among the changes of the organisation, from 1, without gaps. */
  readonly sequence: number;
  /** The organisation's generation after the change. */
  readonly generation: number;
  /** Whether the change moved the generation: some node is served other bytes than before, and has to load them. */
  readonly reload: boolean;
  /** Resources, the first ones of a bulk change. */
  readonly changes: AuditRow['changes'];
  /** Whether all of them are named. */
  readonly complete: boolean;
  /** For `tyk.cluster.notifications` (docs/tyk/signals.md#commands), in the order in which nodes have to hear of them. */
  readonly effects: readonly Effect[];
  readonly createdAt: Date;
  /** When the nodes were told; at once where there was nothing to tell. */
  readonly publishedAt: Date | null;
}

export const outboxSchema = new Schema<OutboxRow>(
  {
    orgId: { type: Schema.Types.ObjectId, required: true },
    sequence: { type: Number, required: true },
    generation: { type: Number, required: true },
    reload: { type: Boolean, required: true },
    changes: { type: [{ _id: false, kind: String, id: String, operation: String, version: Number }], default: [] },
    complete: { type: Boolean, required: true },
    effects: { type: [{ _id: false, command: String, payload: String }], default: [] },
    createdAt: { type: Date, required: true },
    publishedAt: { type: Date, default: null },
  },
  { ...rowSchemaOptions, collection: 'outbox' },
)
  // Finds what is not published yet, and lets MongoDB drop what was published a week ago.
  .index({ publishedAt: 1 }, { expireAfterSeconds: 7 * 24 * 3600 })
  .index({ orgId: 1, sequence: 1 });

/** How far an organisation has come; the row that all its writers meet at. */
export interface GenerationRow {
  /** The organisation. */
  readonly _id: Types.ObjectId;
  /** How many times it has changed; caches compare it to know what to read again. Absent before the first such change. */
  readonly sequence?: number;
  /** How many times the bytes changed that nodes are served of it. */
  readonly generation: number;
  /** How many resources it has of the kinds that are counted, as far as that is known. */
  readonly counts?: Readonly<Record<string, number>>;
  /**
   * The import in batches that is under way, if any. Until it is over, nodes are served the lists that it froze, and no
   * other change of what nodes load is accepted.
   */
  readonly importing?: Types.ObjectId;
}

export const generationSchema = new Schema<GenerationRow>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    sequence: { type: Number },
    generation: { type: Number, default: 0 },
    counts: { type: Schema.Types.Mixed },
    importing: { type: Schema.Types.ObjectId },
  },
  { ...rowSchemaOptions, collection: generationsCollection },
);
