import { ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { numberAt, textAt } from '../json/read';
import { hashText } from './key-hash';
import { KEY_HASH_ALGORITHMS } from './key-hash-algorithm';
import { quotaName } from './key-names';
import { readSession, writeSession, type Session } from './session';
import { plainValue } from './session-holds';

/** What nodes count and note themselves. */
const WRITTEN_BY_NODES = [
  ...['org_id', 'quota_renews', 'quota_remaining', 'last_check', 'allowance', 'last_updated', 'date_created'],
];

/** An organisation that nobody has limited. Nodes that find no session at all remember that for as long as an API is loaded. */
const UNLIMITED: Session = { rate: 0, per: 0, quota_max: -1, quota_renewal_rate: 0, is_inactive: false };

/** The name in Redis of the session that limits an organisation as a whole; it is not hashed (docs/tyk/keys.md#organisations). */
export function organisationSessionName(organisationId: string): string {
  return `orgkey.${organisationId}`;
}

/** What nodes have to hear so that each generation drops the session of an organisation. */
export function organisationAnnounced(organisationId: string): string[] {
  return [organisationId, hashText(organisationId, 'murmur32'), hashText(organisationId, 'murmur64')];
}

/** The counters of an organisation's quota, for whichever hash nodes are set to. */
export function organisationQuotaNames(organisationId: string): string[] {
  const hashes = KEY_HASH_ALGORITHMS.map((algorithm) => hashText(organisationId, algorithm));
  return [organisationId, ...hashes].map((hash) => quotaName(hash));
}

/**
 * The text to store of an organisation's session.
 *
 * @param wanted what people have set; null when they have set nothing
 * @param found what is there now; nodes count in it, which is kept
 */
export function organisationSessionText(
  organisationId: string,
  wanted: Session | null,
  found: string | null,
  now: Date,
): string {
  const before = found === null ? undefined : readSession(found);
  const seconds = Math.floor(now.getTime() / 1_000);
  const limits = { ...UNLIMITED, ...before, ...wanted };
  const renewal = numberAt(limits, 'quota_renewal_rate');
  const due = numberAt(before, 'quota_renews');
  const session: JsonObject = {
    ...limits,
    org_id: organisationId,
    quota_renews: due > seconds && due <= seconds + renewal ? due : seconds + Math.max(0, renewal),
    last_updated: String(seconds),
  };
  return writeSession(session, found ?? undefined);
}

/**
 * Whether what Redis has limits the organisation as people have set it. Where they have set nothing, what others have put there
 * stays.
 */
export function organisationSessionHolds(
  organisationId: string,
  wanted: Session | null,
  found: string | null,
): boolean {
  const session = found === null ? undefined : readSession(found);
  if (session === undefined || textAt(session, 'org_id') !== organisationId) return false;
  return Object.entries(wanted ?? {})
    .filter(([name]) => !WRITTEN_BY_NODES.includes(name))
    .every(([name, value]) => same(value, ownField(session, name)));
}

function same(wanted: JsonValue, found: JsonValue | undefined): boolean {
  return JSON.stringify(plainValue(wanted)) === JSON.stringify(plainValue(found));
}
