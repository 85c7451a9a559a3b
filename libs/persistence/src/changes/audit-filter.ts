import type { QueryFilter } from 'mongoose';
import { isObjectIdText } from '../ids';
import { orgIdOf, type AuditOwner } from './audit-chain';
import type { AuditRow } from './rows';

/** Which records; what is left out matches all. */
export interface AuditFilter {
  /** Email address or id of a user, or `admin`. */
  readonly user?: string;
  readonly action?: string;
  readonly ip?: string;
  readonly method?: string;
  readonly status?: number;
  /** A part of the path. */
  readonly url?: string;
  /** A kind of resource, or the database id of one. */
  readonly resource?: string;
  readonly requestId?: string;
  /** Inclusive. */
  readonly from?: Date;
  /** Exclusive. */
  readonly until?: Date;
}

/** An owner's records, or, for the operator’s plane alone, those of all. */
export type AuditReach = AuditOwner | 'all';

const asLiteral = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

const userFilter = (user: string): QueryFilter<AuditRow> =>
  isObjectIdText(user) ? { 'actor.id': user.toLowerCase() } : { 'actor.name': user.toLowerCase() };

const resourceFilter = (resource: string): QueryFilter<AuditRow> =>
  isObjectIdText(resource) ? { 'changes.id': resource.toLowerCase() } : { 'changes.kind': resource };

const timeFilter = ({ from, until }: AuditFilter): QueryFilter<AuditRow> => {
  if (from === undefined && until === undefined) return {};
  return { at: { ...(from === undefined ? {} : { $gte: from }), ...(until === undefined ? {} : { $lt: until }) } };
};

/** The query for MongoDB; an owner always comes with it. */
export const auditQuery = (reach: AuditReach, filter: AuditFilter): QueryFilter<AuditRow> => {
  const { user, action, ip, method, status, url, resource, requestId } = filter;
  return {
    ...(reach === 'all' ? {} : { orgId: orgIdOf(reach) }),
    ...timeFilter(filter),
    ...(user === undefined ? {} : userFilter(user)),
    ...(action === undefined ? {} : { action }),
    ...(ip === undefined ? {} : { ip }),
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(status === undefined ? {} : { status }),
    ...(url === undefined ? {} : { path: { $regex: asLiteral(url) } }),
    ...(resource === undefined ? {} : resourceFilter(resource)),
    ...(requestId === undefined ? {} : { requestId }),
  };
};

/** The records of an owner that the sealer has not come to yet. */
export const pendingQuery = (owner: AuditOwner): QueryFilter<AuditRow> => ({ pending: true, orgId: orgIdOf(owner) });
