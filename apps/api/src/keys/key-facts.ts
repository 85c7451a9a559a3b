import { newObjectId, toObjectId, type KeyRow } from '@castellan/persistence';
import type { SessionFacts } from '@castellan/tyk';
import type { KeyPlacing } from './key-places';

/** A session that was found in Redis. */
export interface FoundSession {
  /** Its name there, without the prefix. */
  readonly name: string;
  readonly facts: SessionFacts;
}

/** The row of a key that nobody here has made. */
export function foundRow(placing: KeyPlacing, { name, facts }: FoundSession, now: Date): KeyRow {
  return {
    ...placing.found(newObjectId(), name),
    ...{ orgId: toObjectId(facts.organisationId), version: 1 },
    ...{ username: '', createdBy: '', deletedAt: null, pending: null },
    ...factsOf(facts),
    createdAt: facts.created ?? now,
    updatedAt: facts.updated ?? now,
  };
}

/** The fields of a row that say what a session says. */
export type KeyFacts = Pick<
  KeyRow,
  'alias' | 'apiIds' | 'policyIds' | 'tags' | 'certificate' | 'certificates' | 'oauthClient' | 'inactive' | 'expiresAt'
> &
  Partial<Pick<KeyRow, 'keptInactive'>>;

export function factsOf(facts: SessionFacts): KeyFacts {
  const { alias, apiIds, policyIds, tags, certificate, certificates, oauthClient, inactive, expires } = facts;
  const expiresAt = expires === null ? null : new Date(expires * 1_000);
  return {
    ...{ alias, apiIds, policyIds, tags, certificate, certificates, oauthClient, inactive },
    ...(inactive ? {} : { keptInactive: false }),
    expiresAt: expiresAt === null || Number.isNaN(expiresAt.getTime()) ? null : expiresAt,
  };
}

/** Whether a row says already what a session says. */
export function saysTheSame(row: KeyRow, facts: KeyFacts): boolean {
  const told = (one: KeyFacts): string =>
    JSON.stringify([
      ...[one.alias, ...[one.apiIds, one.policyIds, one.tags, one.certificates].map((list) => [...list].sort())],
      ...[one.certificate, one.oauthClient, one.inactive, one.expiresAt],
    ]);
  return told(row) === told(facts);
}
