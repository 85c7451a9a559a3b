import type { QueryFilter, Types } from 'mongoose';
import { toObjectId, type OrganisationId } from '../ids';
import type { KeyRow } from './key-row';

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
    name,
    ids,
    tag,
    apiId,
    policyId,
    namesCertificate = filter.certificate,
    lacksCertificate,
    expiresFrom,
    expiresTo,
    without,
    deleted = false,
    ...same
  } = filter;
  const expiresAt = {
    ...(expiresFrom === undefined ? {} : { $gte: expiresFrom }),
    ...(expiresTo === undefined ? {} : { $lte: expiresTo }),
  };
  return {
    ...(ids === undefined ? {} : { _id: { $in: [...ids] } }),
    ...same,
    ...(tag === undefined ? {} : { tags: tag }),
    ...(apiId === undefined ? {} : { apiIds: apiId }),
    ...(policyId === undefined ? {} : { policyIds: policyId }),
    ...certificatesIn(namesCertificate, lacksCertificate),
    ...(Object.keys(expiresAt).length === 0 ? {} : { expiresAt }),
    ...(name === undefined ? {} : { $or: [{ alias: name }, { username: name }] }),
    ...(without === undefined ? {} : { $and: openingNone(without) }),
    orgId: toObjectId(organisation),
    deletedAt: deleted ? { $ne: null } : null,
  };
}

function certificatesIn(named: string | undefined, lacking: string | undefined): QueryFilter<KeyRow> {
  if (named === undefined) return {};
  return { certificates: lacking === undefined ? named : { $in: [named], $nin: [lacking] } };
}

/** Nodes open every API to a key that names neither APIs nor policies. */
function openingNone({ apiIds, policyIds }: NonNullable<KeyFilter['without']>): QueryFilter<KeyRow>[] {
  return [
    { apiIds: { $nin: [...apiIds] } },
    { policyIds: { $nin: [...policyIds] } },
    { $or: [{ 'apiIds.0': { $exists: true } }, { 'policyIds.0': { $exists: true } }] },
  ];
}
