import type { QueryFilter, Types } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import { BEFORE_ALL, type KeyRow } from './key-row';
import { having } from './key-terms';

/** Which keys. Everything that is said has to be true of a key. */
export interface KeyFilter {
  /** Its alias or its username: for a name that is both. */
  readonly name?: string;
  /** Rows that were found by something else. */
  readonly ids?: readonly Types.ObjectId[];
  readonly alias?: string;
  readonly username?: string;
  readonly tag?: string;
  readonly apiId?: string;
  readonly policyId?: string;
  readonly certificate?: string;
  /** A certificate that it names, whatever for. */
  readonly namesCertificate?: string;
  /** A certificate that it does not name, of those that name another one. */
  readonly lacksCertificate?: string;
  readonly oauthClient?: string;
  readonly createdBy?: string;
  readonly inactive?: boolean;
  readonly expiresFrom?: Date;
  readonly expiresTo?: Date;
  /** Those that were deleted, in the place of those that are there. */
  readonly deleted?: boolean;
  /** None that open one of these, or everything. */
  readonly without?: { readonly apiIds: readonly string[]; readonly policyIds: readonly string[] };
}

export function isUnfiltered({ deleted = false, ...filter }: KeyFilter): boolean {
  return !deleted && Object.keys(filter).length === 0;
}

export function queryOf(organisation: OrganisationId, filter: KeyFilter): QueryFilter<KeyRow> {
  const {
    ids,
    oauthClient,
    createdBy,
    inactive,
    lacksCertificate,
    expiresFrom,
    expiresTo,
    without,
    deleted = false,
    ...narrowed
  } = filter;
  const expiresAt = {
    ...(expiresFrom === undefined ? {} : { $gte: expiresFrom }),
    ...(expiresTo === undefined ? {} : { $lte: expiresTo }),
  };
  const isByExpiry = Object.keys(expiresAt).length > 0;
  return {
    ...(ids === undefined ? {} : { _id: { $in: [...ids] } }),
    ...(oauthClient === undefined ? {} : { oauthClient }),
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(inactive === undefined ? {} : { inactive }),
    ...having(narrowed),
    ...(lacksCertificate === undefined ? {} : { certificates: { $ne: lacksCertificate } }),
    // The first says what the index is restricted to, so that servers see that it has all that are asked for.
    ...(isByExpiry ? { expiresAt: { $gt: BEFORE_ALL, ...expiresAt } } : {}),
    ...(without === undefined ? {} : { $and: openingNone(without) }),
    orgId: toObjectId(organisation),
    deletedAt: deleted ? { $ne: null } : null,
  };
}

/** Nodes open every API to a key that names neither APIs nor policies. */
function openingNone({ apiIds, policyIds }: NonNullable<KeyFilter['without']>): QueryFilter<KeyRow>[] {
  return [
    { apiIds: { $nin: [...apiIds] } },
    { policyIds: { $nin: [...policyIds] } },
    { $or: [{ 'apiIds.0': { $exists: true } }, { 'policyIds.0': { $exists: true } }] },
  ];
}
