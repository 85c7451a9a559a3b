import { Schema, type Types } from 'mongoose';
import { rowSchemaOptions, type ResourceKindName } from '../resources/resource-row';

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
  readonly kind: ResourceKindName;
  readonly resourceId: Types.ObjectId;
  /** The version that the resource had from then on; a deletion takes one too. */
  readonly number: number;
  readonly operation: Operation;
  /** The state after the change; null after a deletion. */
  readonly document: string | null;
  readonly digest: string;
  /** Structural diff from the state before, as JSON text; null where it would be too large to keep. */
  readonly diff: string | null;
  readonly actor: Actor;
  readonly reason: string;
  readonly requestId: string;
  readonly at: Date;
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
  },
  { ...rowSchemaOptions, collection: 'revisions' },
)
  .index({ orgId: 1, kind: 1, resourceId: 1, number: -1 }, { unique: true })
  .index({ orgId: 1, kind: 1, operation: 1, at: -1 })
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
    readonly kind: ResourceKindName;
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

/** A change that has to reach the nodes; written with the change, deleted some time after it was published. */
export interface OutboxRow {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  readonly generation: number;
  /** Resources, of a bulk change the first ones only, as in the audit record. */
  readonly changes: AuditRow['changes'];
  /** Commands for `tyk.cluster.notifications` (docs/tyk/signals.md#commands). */
  readonly commands: readonly string[];
  readonly createdAt: Date;
  readonly publishedAt: Date | null;
}

export const outboxSchema = new Schema<OutboxRow>(
  {
    orgId: { type: Schema.Types.ObjectId, required: true },
    generation: { type: Number, required: true },
    changes: { type: [{ _id: false, kind: String, id: String, operation: String, version: Number }], default: [] },
    commands: { type: [String], required: true },
    createdAt: { type: Date, required: true },
    publishedAt: { type: Date, default: null },
  },
  { ...rowSchemaOptions, collection: 'outbox' },
)
  // Finds what is not published yet, and lets MongoDB drop what was published a week ago.
  .index({ publishedAt: 1 }, { expireAfterSeconds: 7 * 24 * 3600 })
  .index({ orgId: 1, generation: 1 });

/** How many changes that concern nodes an organisation has seen; replicas compare it to know what to read again. */
export interface GenerationRow {
  /** The organisation. */
  readonly _id: Types.ObjectId;
  readonly generation: number;
  /**
   * The import in batches that is under way, if any. Until it is over, nodes are served the lists that it froze, and no
   * other change that concerns nodes is accepted.
   */
  readonly importing?: Types.ObjectId;
}

export const generationSchema = new Schema<GenerationRow>(
  {
    _id: { type: Schema.Types.ObjectId, required: true },
    generation: { type: Number, required: true },
    importing: { type: Schema.Types.ObjectId },
  },
  { ...rowSchemaOptions, collection: 'generations' },
);
