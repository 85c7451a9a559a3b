import { isJsonObject, ownField, type JsonValue } from '../json/json-text';
import { at, flagAt, numberAt, objectAt, textAt } from '../json/read';
import { policiesOf, type Session } from './session';

/**
 * What nodes do with a key, in sentences: zeros and -1 are read in ways that few people guess.
 *
 * @param session as callers see it
 */
export function explainSession(session: Session, now: Date): string[] {
  const policies = policiesOf(session);
  const rights = Object.entries(objectAt(session, 'access_rights'));
  const limited = rights.filter(([, right]) => hasOwnLimits(right));
  return [
    ...(flagAt(session, 'is_inactive') ? ['It is inactive: every call is refused.'] : []),
    explainExpiry(numberAt(session, 'expires'), now),
    ...(ownField(objectAt(session, 'meta_data'), MADE_FOR_JWT) === undefined ? [] : [JWT]),
    ...(policies.length > 0
      ? [
          `Limits and rights come from ${policies.length === 1 ? 'its policy' : `its ${policies.length} policies`}, as far as they set them.`,
          ...(hasOwnNumbers(session)
            ? ['What it says itself of rate and quota counts only where no policy does.']
            : []),
          ...(Object.keys(objectAt(session, 'meta_data')).length > 0
            ? ['Of its meta data, what a policy says under the same name counts.']
            : []),
        ]
      : [explainRate(session), explainQuota(session)]),
    ...(policies.length > 0 ? [] : limited.map(([id, right]) => `On ${nameOf(id, right)}: ${explainLimits(right)}`)),
  ];
}

/** What gateways note in the sessions that they make themselves, of callers with a JWT. */
const MADE_FOR_JWT = 'TykJWTSessionID';
const JWT =
  'Gateways have made it for a caller with a JWT, and make it again when it is gone: what the claims say wins. To keep the caller out, the claims have to name an inactive policy, or none that there is.';

function explainExpiry(expires: number, now: Date): string {
  if (expires <= 0) return 'It never expires.';
  const time = new Date(expires * 1_000);
  const shown = Number.isNaN(time.getTime()) ? `${expires} seconds after 1970` : time.toISOString();
  return expires * 1_000 <= now.getTime()
    ? `It has expired at ${shown}: every call is refused.`
    : `It expires at ${shown}.`;
}

function explainRate(limits: JsonValue): string {
  const rate = numberAt(limits, 'rate');
  return rate > 0
    ? `${plural(rate, 'call')} in ${plural(numberAt(limits, 'per'), 'second')}.`
    : 'No limit of its rate.';
}

function explainQuota(limits: JsonValue): string {
  const quota = numberAt(limits, 'quota_max');
  if (quota < -1) return 'A quota below -1: gateways of 3.1 refuse every call, newer ones allow any number.';
  if (quota <= 0) return 'No quota: any number of calls.';
  const renewal = numberAt(limits, 'quota_renewal_rate');
  return `${plural(quota, 'call')} ${renewal > 0 ? `in ${plural(renewal, 'second')}` : 'in all, never renewed'}.`;
}

/** The rate and the quota of a right, as its `limit` says them. */
export function explainLimits(right: JsonValue): string {
  const limit = at(right, 'limit') ?? null;
  return `${explainRate(limit)} ${explainQuota(limit)}`;
}

function hasOwnLimits(right: JsonValue): boolean {
  const limit = at(right, 'limit');
  return isJsonObject(limit) && hasOwnNumbers(limit);
}

function hasOwnNumbers(limits: JsonValue): boolean {
  return ['rate', 'quota_max'].some((name) => numberAt(limits, name) !== 0);
}

function nameOf(apiId: string, right: JsonValue): string {
  const name = textAt(right, 'api_name');
  return name === '' ? apiId : name;
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
