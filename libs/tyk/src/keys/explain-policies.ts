import { flagAt, objectAt, textAt } from '../json/read';
import { explainLimits } from './explain-session';
import { appliedLimits, type AppliedLimit, type AppliedLimits, type Generation } from './policy-limits';
import type { Session } from './session';
import type { AppliedPolicy } from './session-form';

/** More APIs than that are counted and not named. */
const mostNamed = 5;

const OLDER: readonly Generation[] = ['3.1', '5.2'];
const NEWEST: Generation = '5.14';

/** What the policies of a key come to, and where gateways differ about it. */
export interface ExplainedPolicies {
  /** By the ids of the APIs, as the newest gateways apply them; nothing where those refuse the key. */
  readonly limits: Readonly<Record<string, AppliedLimit>>;
  readonly explanation: readonly string[];
}

/** @param session as callers see it, formed for nodes */
export function explainPolicies(session: Session, policies: readonly AppliedPolicy[]): ExplainedPolicies {
  const newest = appliedLimits(NEWEST, session, policies);
  const shown = told(newest, session);
  const inactive = policies.some(({ policy }) => flagAt(policy, 'is_inactive'));
  return {
    limits: Object.fromEntries(newest ?? []),
    explanation: [
      ...(inactive ? ['One of its policies is inactive: every call is refused.'] : []),
      ...(newest === null ? [`Gateways of 5.14 refuse the key: ${refusal(policies)}.`] : shown.map(sentence)),
      ...OLDER.flatMap((generation) => {
        const older = appliedLimits(generation, session, policies);
        if (older === null) return newest === null ? [] : [`Gateways of ${generation} refuse the key: ${MIXED}.`];
        return told(older, session)
          .filter((one) => !shown.some(({ words, names }) => words === one.words && names === one.names))
          .map((one) => `Gateways of ${generation}: ${sentence(one)}`);
      }),
    ],
  };
}

const MIXED = 'its policies set limits for each API, and others for the same ones';

const refusal = (policies: readonly AppliedPolicy[]): string =>
  policies.some(({ policy }) => flagAt(policy, 'partitions', 'per_api')) ? MIXED : 'none of its policies grants rights';

interface Told {
  readonly names: string;
  readonly words: string;
}

const sentence = ({ names, words }: Told): string => `On ${names}: ${words}`;

/** APIs with the same limits are told together. */
function told(limits: AppliedLimits, session: Session): readonly Told[] {
  const groups = new Map<string, string[]>();
  for (const [apiId, limit] of limits ?? []) {
    const words = `${explainLimits({ limit: { ...limit } })}${counted(limit, apiId)}`;
    groups.set(words, [...(groups.get(words) ?? []), nameOf(session, apiId)]);
  }
  return [...groups].map(([words, names]) => ({ words, names: listed(names.toSorted()) }));
}

/** Under what calls are counted, where there is something to count. */
function counted({ rate, quota_max, scope }: AppliedLimit, apiId: string): string {
  if (rate <= 0 && quota_max <= 0) return '';
  if (scope === '') return ' Counted for all such APIs of the key together.';
  return scope === apiId ? ' Counted for each by itself.' : ` Counted for the APIs of the policy ${scope} together.`;
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return more > 0 ? `${names.slice(0, mostNamed).join(', ')} and ${more} more` : names.join(', ');
}

function nameOf(session: Session, apiId: string): string {
  const name = textAt(objectAt(session, 'access_rights', apiId), 'api_name');
  return name === '' ? apiId : name;
}
