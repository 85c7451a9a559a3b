import { contentDigest, ownField, type JsonObject } from '../json/json-text';
import { listAt, numberAt, objectAt } from '../json/read';
import { policiesOf, type Session } from './session';
import { grantsRights, sessionForCallers } from './session-form';

/** What a key says itself of what its policies may say, too: nodes write theirs over it (docs/tyk/keys.md#policies-of-a-key). */
export interface OwnValues {
  readonly tags: readonly string[];
  readonly meta_data: JsonObject;
  /** Its own rate, quota and the like; nothing where nobody has noted them. */
  readonly limits?: JsonObject;
}

/** What of a key's limits only makes sense together. */
const LIMITS = [
  ['rate', 'per'],
  ['quota_max', 'quota_renewal_rate'],
  ['throttle_interval', 'throttle_retry_limit'],
  ['max_query_depth'],
] as const;

const NOTHING: OwnValues = { tags: [], meta_data: {} };

/**
 * What a key says itself after a change. What stays as it was is what it was, its own or a policy's: so who reads a key and sends
 * it back makes nothing of a policy the key's own.
 *
 * @param known what it said itself before; null where nobody has noted that
 * @param was the session before; null for a new key, of which everything is its own
 */
export function ownValues(known: OwnValues | null, was: Session | null, is: Session): OwnValues {
  const before = was === null ? NOTHING : valuesOf(was);
  const own = was === null || policiesOf(sessionForCallers(was)).length === 0 ? before : (known ?? NOTHING);
  const after = valuesOf(is);
  const [had, theirs] = [new Set(before.tags), new Set(own.tags)];
  const meta = Object.entries(after.meta_data).flatMap(([name, value]) => {
    const old = ownField(before.meta_data, name);
    if (old === undefined || contentDigest(old) !== contentDigest(value)) return [[name, value] as const];
    const kept = ownField(own.meta_data, name);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  const limits = ownLimits(known, was, is);
  return {
    tags: after.tags.filter((tag) => !had.has(tag) || theirs.has(tag)),
    meta_data: Object.fromEntries(meta),
    ...(limits === undefined ? {} : { limits }),
  };
}

function ownLimits(known: OwnValues | null, was: Session | null, is: Session): JsonObject | undefined {
  const before = was ?? {};
  const own = was === null || policiesOf(sessionForCallers(was)).length === 0 ? before : known?.limits;
  if (own === undefined) return undefined;
  const fields = LIMITS.flat().flatMap((name) => {
    const value = numberAt(is, name) === numberAt(before, name) ? ownField(own, name) : ownField(is, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(fields);
}

function valuesOf(session: Session): OwnValues {
  const tags = listAt(session, 'tags').filter((tag) => typeof tag === 'string');
  return { tags, meta_data: objectAt(session, 'meta_data') };
}

/** Digests of what a policy writes into the sessions that apply it: its tags, and its meta data, each with its name. */
export function policyValues(policy: JsonObject): ReadonlySet<string> {
  const { tags, meta_data: meta } = valuesOf(policy);
  return new Set([...tags.map(tagDigest), ...Object.entries(meta).map(([name, value]) => metaDigest(name, value))]);
}

/** What sessions have of a policy and it says no more, as digests. @param after null when it was deleted */
export function lostValues(before: JsonObject, after: JsonObject | null): readonly string[] {
  const kept = after === null ? new Set<string>() : policyValues(after);
  return [...policyValues(before)].filter((value) => !kept.has(value));
}

/** A session without values that policies have left in it, with its own again where they had taken the place of those. */
export function withoutValues(session: Session, lost: ReadonlySet<string>, own: OwnValues | null): Session {
  if (lost.size === 0) return session;
  const { tags, meta_data: meta } = valuesOf(session);
  const { tags: ownTags, meta_data: ownMeta } = own ?? NOTHING;
  const keptTags = tags.filter((tag) => !lost.has(tagDigest(tag)) || ownTags.includes(tag));
  const keptMeta = Object.entries(meta).flatMap(([name, value]) => {
    if (!lost.has(metaDigest(name, value))) return [[name, value] as const];
    const its = ownField(ownMeta, name);
    return its === undefined ? [] : [[name, its] as const];
  });
  const changed = Object.fromEntries(keptMeta);
  return {
    ...session,
    ...(keptTags.length === tags.length ? {} : { tags: keptTags }),
    ...(contentDigest(changed) === contentDigest(meta) ? {} : { meta_data: changed }),
  };
}

/**
 * A session without the tags, meta data, limits and rights that it has of policies, which it applies no more. Rights beside policies that
 * grant rights have no meaning, so those that are there are theirs.
 */
export function withoutPolicies(session: Session, policies: readonly JsonObject[], own: OwnValues | null): Session {
  const lost = new Set(policies.flatMap((policy) => [...policyValues(policy)]));
  const kept = withoutLimits(withoutValues(session, lost, own), policies, own?.limits);
  return { ...kept, ...(policies.some(grantsRights) ? { access_rights: {} } : {}) };
}

/** Of a key whose own limits nobody knows, those of its policies stay: to take a limit away would open more. */
function withoutLimits(session: Session, policies: readonly JsonObject[], own: JsonObject | undefined): Session {
  if (own === undefined) return session;
  const theirs = LIMITS.filter((names) => policies.some((policy) => isAsIn(policy, session, names))).flat();
  const kept = Object.entries(session).filter(([name]) => !theirs.some((one) => one === name));
  const restored = theirs.flatMap((name) => {
    const value = ownField(own, name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries([...kept, ...restored]);
}

const isAsIn = (policy: JsonObject, session: Session, names: readonly string[]): boolean =>
  names.some((name) => numberAt(policy, name) !== 0) &&
  names.every((name) => numberAt(policy, name) === numberAt(session, name));

const shortened = (digest: string): string => digest.slice(0, 32);
const tagDigest = (tag: string): string => shortened(contentDigest(['tag', tag]));
const metaDigest = (name: string, value: JsonObject[string]): string => shortened(contentDigest(['meta', name, value]));
