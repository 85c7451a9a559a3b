import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { at, flagAt, listAt, numberAt, objectAt, textAt } from '../json/read';
import type { Session } from './session';

/** A policy as far as keys are concerned. */
export interface AppliedPolicy {
  /** What sessions name it by: the id that nodes load it under. */
  readonly id: string;
  readonly policy: JsonObject;
}

export interface SessionContext {
  readonly organisationId: string;
  /** The time of the change. */
  readonly now: Date;
  /** The policies that the session applies, in its order. */
  readonly policies: readonly AppliedPolicy[];
  /** Whether counters begin anew: always when a key is made. */
  readonly resetsQuota: boolean;
}

/** Where policies wait that an inactive key follows: nodes of 5.14 let a key with an active policy in, inactive or not. */
const HELD_POLICIES = 'castellan_apply_policies';

/** No API can have this id: none has a slash in it. */
const NO_API = 'castellan/none';

/** Later than this, seconds are somebody's mistake. */
const FAR = 100_000_000_000;

const LIMIT_FIELDS = [
  ...['rate', 'per', 'throttle_interval', 'throttle_retry_limit', 'max_query_depth'],
  ...['quota_max', 'quota_renewal_rate'],
];

/**
 * A session in the form that nodes of every generation obey alike:
 *
 * - `limit` is null where an API has no limits of its own, because 3.1 reads zeros there as "unlimited";
 * - where it has, `allowance_scope` is the API, because 3.1 would count calls for the key as a whole;
 * - `quota_renews` lies ahead in the session and in every limit, because 5.2 would set the counter back with each call;
 * - the rights that policies grant are written out, each with such a time, for the same reason;
 * - an inactive key applies no policy while it is, because 5.14 would only look at the policy's state;
 * - `last_updated` always grows, so that a copy of before the change is known by it;
 * - a right is there at all: a session without one opens every API. Whoever calls sees to that.
 *
 * Own rights have no meaning beside policies that grant rights, so they are replaced and not added to.
 */
export function sessionForNodes(session: Session, context: SessionContext): Session {
  const now = Math.floor(context.now.getTime() / 1_000);
  const granted = grantedRights(context.policies);
  const rights = granted ?? ownRights(session);
  const forNodes = granted === undefined ? ownRight : grantedRight;
  const created = ownField(session, 'date_created');
  const formed: JsonObject = {
    ...session,
    ...renewal(session, now, context.resetsQuota),
    org_id: context.organisationId,
    date_created: typeof created === 'string' && !created.startsWith('0001-') ? created : context.now.toISOString(),
    last_updated: String(Math.max(now, changedAt(session) + 1)),
    access_rights: Object.fromEntries(
      Object.entries(rights).map(([apiId, right]) => [apiId, forNodes(apiId, right, { ...context, seconds: now })]),
    ),
  };
  return applyInTurn(formed, context.policies);
}

/** Nodes keep the seconds as text, and put there a policy's when that is newer. */
function changedAt(session: Session): number {
  const seconds = Number(textAt(session, 'last_updated'));
  return Number.isSafeInteger(seconds) && seconds < FAR ? seconds : 0;
}

/**
 * What callers see and send: the policies that an inactive key follows stand where they belong, and a key that has lost its rights has
 * none.
 */
export function sessionForCallers(stored: Session): Session {
  const seen = hasLostRights(stored) ? { ...stored, access_rights: {} } : stored;
  const held = ownField(seen, HELD_POLICIES);
  if (!Array.isArray(held)) return seen;
  return { ...without(seen, HELD_POLICIES), apply_policies: held };
}

/**
 * A session of whose policies none grants rights any more. Gateways of 5.2 skip policies that they do not have, as long as the key
 * names several, and go by the rights that others have written into the session. Without any right it would open every API; with one to
 * an API that there cannot be it opens nothing, until a policy that it names is there and grants something again.
 */
export function withoutRights(session: Session): Session {
  if (hasLostRights(session)) return session;
  const none = { api_id: NO_API, api_name: '', versions: [], limit: null, allowance_scope: '' };
  return { ...session, access_rights: { [NO_API]: none } };
}

export function hasLostRights(stored: Session): boolean {
  return ownField(objectAt(stored, 'access_rights'), NO_API) !== undefined;
}

/** The rights that a session has with these policies, as it names them: what policies grant takes the place of its own. */
export function rightsWith(session: Session, policies: readonly AppliedPolicy[]): JsonObject {
  return grantedRights(policies) ?? ownRights(session);
}

function ownRights(session: Session): JsonObject {
  return objectAt(session, 'access_rights');
}

/** Whether a session has a right to anything, of its own or through its policies. One without must never be written. */
export function opensNothing(session: Session): boolean {
  return Object.keys(objectAt(session, 'access_rights')).length === 0;
}

function applyInTurn(session: Session, policies: readonly AppliedPolicy[]): Session {
  const ids = policies.map(({ id }) => id);
  const bare: Session = { ...without(session, HELD_POLICIES), apply_policy_id: '' };
  if (!flagAt(session, 'is_inactive') || ids.length === 0) return { ...bare, apply_policies: ids };
  return { ...bare, apply_policies: [], [HELD_POLICIES]: ids };
}

/** The rights that policies grant together, or undefined when they leave rights to the key. */
function grantedRights(policies: readonly AppliedPolicy[]): JsonObject | undefined {
  const granting = policies.map(({ policy }) => policy).filter(grantsRights);
  if (granting.length === 0) return undefined;
  const rights = new Map<string, JsonValue>();
  for (const policy of granting) {
    for (const [apiId, right] of Object.entries(objectAt(policy, 'access_rights'))) {
      const versions = new Set([...listAt(rights.get(apiId), 'versions'), ...listAt(right, 'versions')]);
      rights.set(apiId, {
        api_id: apiId,
        api_name: firstText(right, 'api_name', 'apiname'),
        versions: [...versions],
      });
    }
  }
  return Object.fromEntries(rights);
}

/** Whether a policy grants rights, beside which a key's own have no meaning. */
export function grantsRights(policy: JsonObject): boolean {
  const partitions = ['quota', 'rate_limit', 'complexity', 'acl'].filter((name) => flagAt(policy, 'partitions', name));
  return partitions.length === 0 || partitions.includes('acl');
}

interface RightContext extends SessionContext {
  readonly seconds: number;
}

/** Beside a policy's numbers only the time counts, and it has to be there before a node has written the session once. */
function grantedRight(_apiId: string, right: JsonValue, { seconds, policies }: RightContext): JsonValue {
  const rates = policies.map(({ policy }) => numberAt(policy, 'quota_renewal_rate'));
  return { ...objectAt(right), limit: { quota_renews: seconds + Math.max(0, ...rates) }, allowance_scope: '' };
}

function ownRight(apiId: string, right: JsonValue, { seconds, resetsQuota }: RightContext): JsonValue {
  const named = { ...objectAt(right), api_id: apiId, api_name: textAt(right, 'api_name') };
  const limit = at(right, 'limit');
  if (!isJsonObject(limit) || LIMIT_FIELDS.every((name) => numberAt(limit, name) === 0))
    return { ...named, limit: null, allowance_scope: '' };
  return { ...named, limit: { ...limit, ...renewal(limit, seconds, resetsQuota) }, allowance_scope: apiId };
}

/** When the quota of a session or of a limit begins anew, in seconds since 1970; nothing when it has none or never does. */
function renewal(limits: JsonValue, now: number, resets: boolean): JsonObject {
  const rate = numberAt(limits, 'quota_renewal_rate');
  if (numberAt(limits, 'quota_max') <= 0 || rate <= 0) return {};
  const due = numberAt(limits, 'quota_renews');
  return { quota_renews: !resets && due > now ? due : now + rate };
}

function firstText(right: JsonValue, ...names: string[]): string {
  return names.map((name) => textAt(right, name)).find((text) => text !== '') ?? '';
}

function without(session: Session, name: string): Session {
  return Object.fromEntries(Object.entries(session).filter(([field]) => field !== name));
}
