import { createHash } from 'node:crypto';
import { mongo, Schema, type Types } from 'mongoose';
import { canonicalJson, parseJson } from '@castellan/tyk';
import { toObjectId, type OrganisationId } from '../ids';
import { rowSchemaOptions } from '../resources/resource-row';
import type { AuditRow } from './rows';

/**
 * Whose records: an organisation's, or those of the installation itself. The latter are refused writes of the operator
 * that concern no organisation.
 */
export type AuditOwner = OrganisationId | 'installation';

/** What the records of an owner bear as `orgId`. */
export const orgIdOf = (owner: AuditOwner): Types.ObjectId | null =>
  owner === 'installation' ? null : toObjectId(owner);

/** The seal before the first record of every chain. */
export const genesisSeal = '0'.repeat(64);

/** Both ends of one owner's chain; without them nobody could tell deleted records from pruned ones. */
export interface AuditChainRow {
  /** The owner. */
  readonly _id: AuditOwner;
  /** Sequence number of the last sealed record, which is how many were ever sealed. */
  readonly count: number;
  /** Seal of that record. */
  readonly seal: string;
  /** Sequence number of the last record that retention has deleted; 0 when it deleted none. */
  readonly prunedTo: number;
  /** Seal of that record, which the first remaining one builds on. */
  readonly prunedSeal: string;
  /** Time of the first remaining sealed record, by which retention finds what is due; null when none remains. */
  readonly oldestAt: Date | null;
}

export const auditChainSchema = new Schema<AuditChainRow>(
  {
    _id: { type: String, required: true },
    count: { type: Number, required: true },
    seal: { type: String, required: true },
    prunedTo: { type: Number, required: true },
    prunedSeal: { type: String, required: true },
    oldestAt: { type: Date, default: null },
  },
  { ...rowSchemaOptions, collection: 'audit_chains' },
).index({ oldestAt: 1 });

/** The chain of an owner whose records were never sealed. */
export const newChain = (owner: AuditOwner): AuditChainRow => ({
  _id: owner,
  count: 0,
  seal: genesisSeal,
  prunedTo: 0,
  prunedSeal: genesisSeal,
  oldestAt: null,
});

/** Fields that come or go when a record is sealed, and so are no part of what the seal covers. */
const unsealedFields = new Set(['pending', 'sequence', 'seal']);

/**
 * The text that a seal covers: every field of the record as canonical MongoDB Extended JSON (v2), in which no two types
 * look alike, with the names sorted and no spaces.
 */
const sealedText = (row: AuditRow): string => {
  const content = Object.fromEntries(Object.entries(row).filter(([name]) => !unsealedFields.has(name)));
  return canonicalJson(parseJson(mongo.BSON.EJSON.stringify(content, { relaxed: false })));
};

/** Sha256, in hex, over the seal before and the record. */
export const sealOf = (previous: string, row: AuditRow): string =>
  createHash('sha256').update(previous).update(sealedText(row)).digest('hex');
