import type { SessionFacts } from '@castellan/tyk';
import { Schema, type Types } from 'mongoose';
import { rowSchemaOptions } from '../resources/resource-row';

/** A change of a key that Redis does not surely hold yet: nodes may write back what was there before. */
export interface PendingWrite {
  /** The session as it has to be in Redis; null when there has to be none. */
  readonly wanted: string | null;
  /** When to look next. */
  readonly due: Date;
  /** How many times it had to be written again. */
  readonly repeats: number;
}

/**
 * What is known of one key, so that it can be found again. The token is not among it, and nothing that leads to it: what is hashed
 * stays hashed. Sessions are in Redis, and here only until it is certain that they stay there.
 */
export interface KeyRow extends Pick<
  SessionFacts,
  'alias' | 'apiIds' | 'policyIds' | 'tags' | 'certificate' | 'certificates' | 'oauthClient' | 'inactive'
> {
  readonly _id: Types.ObjectId;
  readonly orgId: Types.ObjectId;
  /** 1 on creation, one more on each change through Castellan. */
  readonly version: number;
  /** The hash that its session lies under. */
  readonly hash: string;
  /** Hashes that copies of the session lie under: of the bare id of a custom key. */
  readonly copies: readonly string[];
  /** Every name that nodes may have it under in their caches. */
  readonly announced: readonly string[];
  /**
   * Of a key that lies in Redis under its token itself: the names there, encrypted. Hash and copies are then digests that only
   * the index knows. Empty for hashed keys.
   */
  readonly sealed: string;
  readonly username: string;
  /** The tags, meta data and limits that a key says itself beside policies, encrypted; policies' values stand in its session. */
  readonly own?: string;
  /** Whether it was inactive already when a policy of it became so: it stays that when the policy is active again. */
  readonly keptInactive?: boolean;
  /** The user who made it; empty when it was found. */
  readonly createdBy: string;
  readonly createdAt: Date;
  /** A digest of the request that made it, where that may come again. */
  readonly asked?: string;
  readonly updatedAt: Date;
  /** When a gateway recorded a request with it last, to a quarter of an hour; left out until one is stored. */
  readonly lastUsedAt?: Date;
  readonly expiresAt: Date | null;
  /** Which block of keys it is counted in ({@link KeyBlocks}); it gets one when it is put into the index. */
  readonly block?: number;
  /** Since when it is deleted; such rows stay for a while, in case Redis or a node brings the session back. */
  readonly deletedAt: Date | null;
  readonly pending: PendingWrite | null;
  /** Made of the other fields whenever the row is written ({@link foundByOf}). */
  readonly foundBy?: FoundBy;
}

/** What keys are found by, in the form that the indexes have it. */
export interface FoundBy {
  /** What lists are narrowed by: `tag:gold`, `api:…`. */
  readonly terms: readonly string[];
  /** Hashes of copies; left out when there are none. */
  readonly copies?: readonly string[];
}

const pendingFields = {
  _id: false,
  wanted: { type: String, default: null },
  due: { type: Date, required: true },
  repeats: { type: Number, default: 0 },
};

const foundByFields = {
  _id: false,
  terms: { type: [String], default: [] },
  copies: { type: [String], default: undefined },
};

/** Before this no key was made, nor expires one. */
export const BEFORE_ALL = new Date(0);

export const keySchema = new Schema<KeyRow>(
  {
    orgId: { type: Schema.Types.ObjectId, required: true },
    version: { type: Number, required: true },
    hash: { type: String, required: true },
    copies: { type: [String], default: [] },
    announced: { type: [String], default: [] },
    sealed: { type: String, default: '' },
    alias: { type: String, default: '' },
    username: { type: String, default: '' },
    own: { type: String },
    apiIds: { type: [String], default: [] },
    policyIds: { type: [String], default: [] },
    tags: { type: [String], default: [] },
    certificate: { type: String, default: '' },
    certificates: { type: [String], default: [] },
    oauthClient: { type: String, default: '' },
    inactive: { type: Boolean, default: false },
    keptInactive: { type: Boolean },
    createdBy: { type: String, default: '' },
    createdAt: { type: Date, required: true },
    asked: { type: String },
    updatedAt: { type: Date, required: true },
    lastUsedAt: { type: Date },
    expiresAt: { type: Date, default: null },
    deletedAt: { type: Date, default: null },
    block: { type: Number },
    pending: { type: pendingFields, default: null },
    foundBy: { type: foundByFields },
  },
  { ...rowSchemaOptions, collection: 'keys' },
)
  // One hash leads to one session, whatever token it is the hash of.
  .index({ hash: 1 }, { unique: true })
  .index({ 'foundBy.copies': 1 }, { sparse: true })
  // Whoever brings a session back after so long makes a key.
  .index(
    { deletedAt: 1 },
    { expireAfterSeconds: 30 * 86_400, partialFilterExpression: { deletedAt: { $gt: BEFORE_ALL } } },
  )
  // The order of all lists. What is filtered by comes before it, so that the first page of many keys is read and no more.
  .index({ orgId: 1, deletedAt: 1, block: -1, _id: -1 })
  .index({ orgId: 1, deletedAt: 1, 'foundBy.terms': 1, block: -1, _id: -1 })
  .index({ createdAt: 1 })
  // Most keys never expire.
  .index({ orgId: 1, deletedAt: 1, expiresAt: 1 }, { partialFilterExpression: { expiresAt: { $gt: BEFORE_ALL } } })
  // Sparse and not partial: of the latter, the embedded server does not see that a question for due ones means no others.
  .index({ 'pending.due': 1 }, { sparse: true });

/** How far a walk over all keys in Redis has come, so that another replica can go on with it. */
export interface KeyScanRow {
  readonly _id: string;
  /** Servers that still have to be walked over, with the place in each. */
  readonly places: readonly { readonly server: string; readonly cursor: string }[];
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly seen: number;
  readonly added: number;
  readonly unreadable: number;
  /** Sessions of organisations that there are not, and the hashes of the first of them. */
  readonly orphans: number;
  readonly orphanHashes: readonly string[];
}

export const keyScanSchema = new Schema<KeyScanRow>(
  {
    _id: { type: String, required: true },
    places: { type: [{ _id: false, server: String, cursor: String }], default: [] },
    startedAt: { type: Date, required: true },
    finishedAt: { type: Date, default: null },
    seen: { type: Number, default: 0 },
    added: { type: Number, default: 0 },
    unreadable: { type: Number, default: 0 },
    orphans: { type: Number, default: 0 },
    orphanHashes: { type: [String], default: [] },
  },
  { ...rowSchemaOptions, collection: 'key_scans' },
);
