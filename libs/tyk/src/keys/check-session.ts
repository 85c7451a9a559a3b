import { checkCompiled } from '../check/compiled/check-compiled';
import { MOST_OF_SESSION } from '../check/compiled/kinds';
import { POLICY_FIELDS } from '../check/compiled/fields';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { at, numberAt, objectAt, textAt } from '../json/read';
import { makeCheck, type Check, type Problem } from '../schema/check';
import { sessionSchema } from './session-schema';

const checkShape = makeCheck(sessionSchema);

/** The first second of the year 5138: what is beyond was meant in milliseconds. */
const MILLISECONDS_FROM = 100_000_000_000;

/**
 * Whether nodes of every version can decode a session and read from it what its author meant. They take any negative time for
 * "never" and milliseconds for a date in the far future, divide by `per` without a look, and let a basic-auth user in with any
 * password when 3.1 does not know how it is hashed; such values are problems here.
 *
 * @returns at most 50 problems; empty when the session may be stored
 */
export const checkSession: Check = (session) => {
  const problems = checkShape(session);
  if (problems.length > 0 || !isJsonObject(session)) return problems;
  return [
    ...checkCompiled(session, POLICY_FIELDS, MOST_OF_SESSION),
    ...checkTimes(session),
    ...checkLimits(session, ''),
    ...Object.entries(objectAt(session, 'access_rights')).flatMap(([id, right]) => checkRight(id, right)),
    ...checkPassword(session),
  ];
};

function checkTimes(session: JsonObject): Problem[] {
  const expires = numberAt(session, 'expires');
  if (expires < -1) return [{ path: 'expires', message: 'must be a time in seconds since 1970, or 0 or -1 for never' }];
  if (expires >= MILLISECONDS_FROM)
    return [{ path: 'expires', message: 'looks like milliseconds; it is in seconds since 1970' }];
  const lifetime = numberAt(session, 'session_lifetime');
  return lifetime < 0 ? [{ path: 'session_lifetime', message: 'must be 0 or more seconds' }] : [];
}

/** @param where empty for the session itself, else the path of a limit with a dot at its end */
function checkLimits(limits: JsonValue, where: string): Problem[] {
  const problems: Problem[] = [];
  const rate = numberAt(limits, 'rate');
  if (rate < 0 && rate !== -1)
    problems.push({ path: `${where}rate`, message: 'must be more than 0, or 0 or -1 for no limit' });
  if (rate > 0 && numberAt(limits, 'per') <= 0)
    problems.push({ path: `${where}per`, message: 'must be more than 0 seconds when there is a rate' });
  if (numberAt(limits, 'quota_max') < -1)
    problems.push({ path: `${where}quota_max`, message: 'must be more than 0 calls, or 0 or -1 for no limit' });
  if (numberAt(limits, 'quota_renewal_rate') < -1)
    problems.push({ path: `${where}quota_renewal_rate`, message: 'must be more than 0 seconds, or 0 or -1 for never' });
  return problems;
}

function checkRight(apiId: string, right: JsonValue): Problem[] {
  const path = `access_rights[${JSON.stringify(apiId)}]`;
  if (!isJsonObject(right)) return [{ path, message: 'must be an object' }];
  const named = textAt(right, 'api_id');
  const problems =
    named === '' || named === apiId
      ? []
      : [{ path: `${path}.api_id`, message: 'must be the same id as the name of the field it stands in' }];
  return [...problems, ...checkLimits(at(right, 'limit') ?? null, `${path}.limit.`)];
}

/** What `hash_type` may be: bcrypt by callers who hash themselves, and nothing for a password in clear, which is hashed here. */
function checkPassword(session: JsonObject): Problem[] {
  const type = textAt(session, 'basic_auth_data', 'hash_type');
  const password = textAt(session, 'basic_auth_data', 'password');
  if (password === '' || type === '') return [];
  const path = 'basic_auth_data.hash_type';
  if (type !== 'bcrypt') return [{ path, message: 'must be bcrypt: old nodes accept any password under another one' }];
  return /^\$2[aby]?\$\d\d\$[./A-Za-z0-9]{53}$/.test(password)
    ? []
    : [{ path: 'basic_auth_data.password', message: 'must be a bcrypt hash when hash_type says so' }];
}
