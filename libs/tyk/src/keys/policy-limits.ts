import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { at, flagAt, numberAt, objectAt } from '../json/read';
import type { Session } from './session';
import type { AppliedPolicy } from './session-form';

/** Gateways that make different limits of the same policies, each for those of about its time. */
export const GENERATIONS = ['3.1', '5.2', '5.14'] as const;
export type Generation = (typeof GENERATIONS)[number];

const FIELDS = [
  ...(['rate', 'per', 'throttle_interval', 'throttle_retry_limit'] as const),
  ...(['max_query_depth', 'quota_max', 'quota_renewal_rate'] as const),
];
const RATE = ['rate', 'per', 'throttle_interval', 'throttle_retry_limit'] as const;
const QUOTA = ['quota_max', 'quota_renewal_rate'] as const;
const COMPLEXITY = ['max_query_depth'] as const;

type Field = (typeof FIELDS)[number];
type Limits = Record<Field, number>;

/** What a gateway lets a key do with one API. */
export interface AppliedLimit extends Readonly<Limits> {
  /** What the API's calls are counted under: nothing for the key as a whole, the API, or the policy. */
  readonly scope: string;
}

/** By the ids of the APIs; null where the gateway refuses the key. */
export type AppliedLimits = ReadonlyMap<string, AppliedLimit> | null;

/** How policies merge (docs/tyk/keys.md#limits-of-several-policies). */
interface Rules {
  /**
   * Whether the numbers of the session count for nothing where a policy has such numbers. Elsewhere only those of a policy count that
   * says that it is for them, or that are higher.
   */
  readonly clears: boolean;
  /** Whether a rate is compared by the time between two calls, and not rate by rate and period by period. */
  readonly comparesPace: boolean;
  /** Whether a policy that grants no rights puts its limits in the place of those that were there for the API. */
  readonly partReplaces: boolean;
}

const RULES: Readonly<Record<Exclude<Generation, '5.14'>, Rules>> = {
  '3.1': { clears: false, comparesPace: false, partReplaces: false },
  '5.2': { clears: true, comparesPace: false, partReplaces: true },
};
const NEWEST: Rules = { clears: true, comparesPace: true, partReplaces: false };

/**
 * The limits that gateways apply to a key which follows policies.
 *
 * @param session with what the key says itself, and the rights that it has where its policies grant none
 */
export function appliedLimits(
  generation: Generation,
  session: Session,
  policies: readonly AppliedPolicy[],
): AppliedLimits {
  return generation === '5.14'
    ? new NewestMerge(session, policies, NEWEST).result()
    : new OlderMerge(session, policies, RULES[generation]).result();
}

interface Granted {
  limits: Limits;
  scope: string;
  /** The policy that grants it, of which the last one counts. */
  setBy: string;
}

type Part = 'acl' | 'quota' | 'rate_limit' | 'complexity';
const PARTS: readonly Part[] = ['acl', 'quota', 'rate_limit', 'complexity'];

abstract class Merge {
  protected readonly own: Limits;
  protected readonly rights = new Map<string, Granted>();
  protected readonly done: Readonly<Record<Part, Set<string>>> = {
    ...{ acl: new Set(), quota: new Set() },
    ...{ rate_limit: new Set(), complexity: new Set() },
  };

  constructor(
    protected readonly session: Session,
    protected readonly policies: readonly AppliedPolicy[],
    protected readonly rules: Rules,
  ) {
    this.own = limitsIn(session);
  }

  result(): AppliedLimits {
    if (this.rules.clears) for (const { policy } of this.policies) this.clear(partsOf(policy));
    for (const one of this.policies) if (!this.add(one)) return null;
    return this.done.acl.size === 0 ? this.ungranted() : this.granted();
  }

  /** @returns false when the key is refused */
  private add(one: AppliedPolicy): boolean {
    const isPerApi = flagAt(one.policy, 'partitions', 'per_api');
    if (isPerApi && partsNamed(one.policy).length > 0) return false;
    return isPerApi ? this.addPerApi(one) : this.addParts(one);
  }

  protected abstract addPerApi(one: AppliedPolicy): boolean;
  protected abstract addParts(one: AppliedPolicy): boolean;
  /** What becomes of a key of which no policy grants rights. */
  protected abstract ungranted(): AppliedLimits;

  protected perApi({ id, policy }: AppliedPolicy, apiId: string, right: JsonValue): Granted {
    for (const part of PARTS) this.done[part].add(apiId);
    const limits = limitsIn(at(right, 'limit') ?? null);
    const scope = isNothing(limits) ? id : apiId;
    return { limits: isNothing(limits) ? limitsIn(policy) : limits, scope, setBy: scope };
  }

  private clear(parts: ReadonlySet<Part>): void {
    if (parts.has('quota')) this.own.quota_max = 0;
    if (parts.has('rate_limit')) for (const name of RATE) this.own[name] = 0;
    if (parts.has('complexity')) this.own.max_query_depth = 0;
  }

  /** A policy that names no API sets the numbers of the session. */
  protected setOwn(policy: JsonObject, parts: ReadonlySet<Part>): void {
    const theirs = limitsIn(policy);
    const names: readonly Field[] = [
      ...(parts.has('rate_limit') ? RATE : []),
      ...(parts.has('complexity') ? COMPLEXITY : []),
      ...(parts.has('quota') ? QUOTA : []),
    ];
    for (const name of names) this.own[name] = theirs[name];
  }

  protected raise(limits: Limits, policy: JsonObject, part: Part): void {
    const theirs = limitsIn(policy);
    const isSet = !this.rules.clears && flagAt(policy, 'partitions', part);
    if (part === 'quota') this.raiseField(limits, theirs, 'quota_max', isMore, isSet);
    if (part === 'quota') this.raiseField(limits, theirs, 'quota_renewal_rate', isGreater);
    if (part === 'complexity') this.raiseField(limits, theirs, 'max_query_depth', isMore);
    if (part !== 'rate_limit') return;
    if (this.rules.comparesPace) this.raisePace(limits, theirs);
    else {
      this.raiseField(limits, theirs, 'rate', isMore, isSet);
      this.raiseField(limits, theirs, 'per', isGreater);
    }
    this.raiseField(limits, theirs, 'throttle_retry_limit', isGreater);
    this.raiseField(limits, theirs, 'throttle_interval', isGreater);
  }

  /** @param isSet whether the session has that number, too, though its own be higher */
  private raiseField(limits: Limits, theirs: Limits, name: Field, is: typeof isMore, isSet = false): void {
    if (!is(theirs[name], limits[name])) return;
    limits[name] = theirs[name];
    if (isSet || is(theirs[name], this.own[name])) this.own[name] = theirs[name];
  }

  private raisePace(limits: Limits, theirs: Limits): void {
    if (theirs.rate === 0 || theirs.per === 0) return;
    for (const one of [limits, this.own]) {
      if (one.rate !== 0 && one.per !== 0 && paceOf(one) <= paceOf(theirs)) continue;
      [one.rate, one.per] = [theirs.rate, theirs.per];
    }
  }

  private granted(): AppliedLimits {
    const granting = new Set([...this.rights.values()].map(({ setBy }) => setBy).filter((id) => id !== ''));
    return new Map(
      [...this.rights]
        .filter(([apiId]) => this.done.acl.has(apiId))
        .map(([apiId, { limits, scope, setBy }]) => {
          const left: readonly Field[] = [
            ...(this.done.rate_limit.has(apiId) ? [] : RATE),
            ...(this.done.complexity.has(apiId) ? [] : COMPLEXITY),
            ...(this.done.quota.has(apiId) ? [] : QUOTA),
          ];
          const all = { ...limits, ...Object.fromEntries(left.map((name) => [name, this.own[name]])) };
          return [apiId, { ...all, scope: scope === '' && granting.size > 1 ? setBy : scope }];
        }),
    );
  }
}

class NewestMerge extends Merge {
  private didPerApi = false;
  private didParts = false;

  protected addPerApi(one: AppliedPolicy): boolean {
    if (this.didParts) return false;
    for (const [apiId, right] of rightsOf(one)) {
      const before = this.rights.get(apiId);
      const granted = this.perApi(one, apiId, right);
      this.rights.set(apiId, before === undefined ? granted : higher(granted, before));
      this.didPerApi = true;
    }
    return true;
  }

  protected addParts({ id, policy }: AppliedPolicy): boolean {
    const named = partsNamed(policy).length > 0;
    if (named && this.didPerApi) return false;
    const [parts, rights] = [partsOf(policy), rightsOf({ id, policy })];
    for (const [apiId] of rights) {
      const granted = this.rights.get(apiId) ?? { limits: limitsIn(null), scope: '', setBy: '' };
      if (parts.has('acl')) granted.setBy = id;
      for (const part of parts) {
        this.done[part].add(apiId);
        this.raise(granted.limits, policy, part);
      }
      this.rights.set(apiId, granted);
    }
    if (rights.length === 0) this.setOwn(policy, parts);
    this.didParts = named;
    return true;
  }

  protected ungranted(): AppliedLimits {
    return null;
  }
}

class OlderMerge extends Merge {
  protected addPerApi(one: AppliedPolicy): boolean {
    for (const [apiId, right] of rightsOf(one)) {
      if (PARTS.some((part) => this.done[part].has(apiId))) return false;
      this.rights.set(apiId, this.perApi(one, apiId, right));
    }
    return true;
  }

  protected addParts({ id, policy }: AppliedPolicy): boolean {
    const [parts, rights] = [partsOf(policy), rightsOf({ id, policy })];
    for (const [apiId, right] of rights) {
      const fresh = { limits: limitsIn(at(right, 'limit') ?? null), scope: '', setBy: '' };
      const granted = parts.has('acl') ? (this.rights.get(apiId) ?? fresh) : fresh;
      if (parts.has('acl')) granted.setBy = id;
      for (const part of parts) {
        this.done[part].add(apiId);
        this.raise(granted.limits, policy, part);
      }
      if (parts.has('acl') || this.rules.partReplaces) this.rights.set(apiId, granted);
    }
    if (rights.length === 0) this.setOwn(policy, parts);
    return true;
  }

  protected ungranted(): AppliedLimits {
    const rights = Object.entries(objectAt(this.session, 'access_rights'));
    return new Map(
      rights.map(([apiId, right]) => {
        const limits = limitsIn(at(right, 'limit') ?? null);
        return [apiId, isNothing(limits) ? { ...this.own, scope: '' } : { ...limits, scope: apiId }];
      }),
    );
  }
}

/** Of two limits that policies set for one API, the higher ones. */
function higher(granted: Granted, before: Granted): Granted {
  const limits = { ...granted.limits };
  const [isSlower, hasLess] = [
    paceOf(limits) > paceOf(before.limits),
    limits.quota_max !== before.limits.quota_max && isMore(before.limits.quota_max, limits.quota_max),
  ];
  if (isSlower) [limits.rate, limits.per] = [before.limits.rate, before.limits.per];
  if (hasLess) limits.quota_max = before.limits.quota_max;
  if (isMore(before.limits.quota_renewal_rate, limits.quota_renewal_rate))
    limits.quota_renewal_rate = before.limits.quota_renewal_rate;
  if (limits.quota_max === -1) limits.quota_renewal_rate = 0;
  return isSlower || hasLess ? { limits, scope: before.scope, setBy: before.setBy } : { ...granted, limits };
}

const rightsOf = ({ policy }: AppliedPolicy): [string, JsonValue][] =>
  Object.entries(objectAt(policy, 'access_rights'));

const partsNamed = (policy: JsonObject): readonly Part[] => PARTS.filter((part) => flagAt(policy, 'partitions', part));

/** What a policy is for: everything where it does not say. */
function partsOf(policy: JsonObject): ReadonlySet<Part> {
  const named = partsNamed(policy);
  return new Set(named.length === 0 ? PARTS : named);
}

function limitsIn(value: JsonValue): Limits {
  const of = (name: Field): number => (isJsonObject(value) ? numberAt(value, name) : 0);
  return {
    ...{ rate: of('rate'), per: of('per') },
    ...{ throttle_interval: of('throttle_interval'), throttle_retry_limit: of('throttle_retry_limit') },
    ...{ max_query_depth: of('max_query_depth') },
    ...{ quota_max: of('quota_max'), quota_renewal_rate: of('quota_renewal_rate') },
  };
}

const isNothing = (limits: Limits): boolean => FIELDS.every((name) => limits[name] === 0);

/** Seconds between two calls; none without a limit. */
const paceOf = ({ rate, per }: Limits): number => (rate <= 0 || per <= 0 ? 0 : per / rate);

const isGreater = (one: number, other: number): boolean => one > other;
/** -1 is no limit, and so the most. */
const isMore = (one: number, other: number): boolean => one === -1 || (other !== -1 && one > other);
