import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../../json/json-text';
import { checkCompiled } from '../compiled/check-compiled';
import { POLICY_FIELDS } from '../compiled/fields';
import { policySchema } from './policy-schema';
import { at, flagAt, numberAt, objectAt } from '../../json/read';
import type { Problem } from '../../schema/check';
import { makeCheck, type Check } from '../../schema/check';

const checkShape = makeCheck(policySchema);

const PARTITIONS = ['quota', 'rate_limit', 'complexity', 'acl'];

/**
 * Whether gateways of every version can decode a policy, and apply it to a key: they refuse every key with a policy that
 * has limits for each API and is partitioned as well, and up to 5.2 let every path through whose pattern they cannot compile. Nothing is required and unknown fields are never a problem.
 *
 * @returns at most 50 problems; empty when the policy may be stored and served
 */
export const checkPolicy: Check = (policy) => {
  const problems = checkShape(policy);
  if (problems.length === 0 && isJsonObject(policy))
    problems.push(...checkCompiled(policy, POLICY_FIELDS), ...checkQuotas(policy));
  const partition = PARTITIONS.find((name) => flagAt(policy, 'partitions', name));
  if (problems.length > 0 || partition === undefined || !flagAt(policy, 'partitions', 'per_api')) return problems;
  return [
    {
      path: 'partitions.per_api',
      message: `must not be true together with ${partition}: gateways apply no such policy`,
    },
  ];
};

/** Of a quota below -1, gateways of 3.1 refuse every call and newer ones none. */
function checkQuotas(policy: JsonObject): Problem[] {
  const rights = Object.entries(objectAt(policy, 'access_rights'));
  const limits: [string, JsonValue][] = [
    ['', policy],
    ...rights.map(([id, right]): [string, JsonValue] => [
      `access_rights[${JSON.stringify(id)}].limit.`,
      at(right, 'limit') ?? null,
    ]),
  ];
  return limits
    .filter(([, limit]) => numberAt(limit, 'quota_max') < -1)
    .map(([where]) => ({ path: `${where}quota_max`, message: 'must be more than 0 calls, or 0 or -1 for no limit' }));
}

/**
 * A policy as nodes read it (docs/tyk/management.md#policies): the document with the API named in every access right
 * under both pairs of names, `api_id`/`api_name` for gateways after 5.0 and `apiid`/`apiname` for those up to it. A
 * right that names no API is for the API whose id is its key. Everything else stays as it is.
 *
 * @param policy a document that passed {@link checkPolicy}; its `_id` must be set, or gateways know it by no id
 */
export function toNodePolicy(policy: JsonObject): JsonObject {
  const rights = ownField(policy, 'access_rights');
  if (!isJsonObject(rights)) return policy;

  const named = Object.entries(rights).map(([apiId, right]) => [apiId, nameApi(apiId, right)] as const);
  return { ...policy, access_rights: Object.fromEntries(named) };
}

function nameApi(key: string, right: JsonValue): JsonValue {
  if (!isJsonObject(right)) return right;
  const id = firstText(right, 'api_id', 'apiid') ?? key;
  const name = firstText(right, 'api_name', 'apiname') ?? '';
  return { ...right, api_id: id, api_name: name, apiid: id, apiname: name };
}

function firstText(object: JsonObject, ...names: string[]): string | undefined {
  for (const name of names) {
    const value = ownField(object, name);
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
