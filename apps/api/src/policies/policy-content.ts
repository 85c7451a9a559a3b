import { ValidationFailed, type FieldError } from '@castellan/dto';
import type { Draft, PolicyRow } from '@castellan/persistence';
import {
  contentDigest,
  flagAt,
  isJsonObject,
  listAt,
  objectAt,
  ownerFields,
  ownField,
  textAt,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';
import { ownersIn } from '../ownership/sight';
import { checkAhead, problemsOfPolicy } from '../threads/document-checks';

/** Identity of a policy: what Castellan decides, whatever the body says. */
export interface PolicyIdentity {
  readonly _id: PolicyRow['_id'];
  readonly organisation: string;
}

/** When a policy is written, and whether it is an earlier state that comes back. */
export interface Writing {
  readonly at: Date;
  readonly bringsBack: boolean;
}

/** Fields that replies carry and that are not the client's to set. */
const ownedFields = new Set(['version']);

/** RFC 3339, as Go programs read it: one date that they cannot read fails a whole list for them. */
const goTime = /^\d{4}-\d\d-\d\dT\d\d:[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Bodies come out of the JSON parser, so an object holds JSON values only. */
const isObject = (body: unknown): body is JsonObject =>
  typeof body === 'object' && body !== null && !Array.isArray(body);

/** Has a large policy checked beside the thread that answers requests. @throws Busy, BodyTooLarge */
export const checkPolicyAhead = async (body: unknown): Promise<void> => {
  if (isObject(body)) await checkAhead(body, 'checkPolicy');
};

/** @throws ValidationFailed with each wrong field */
export const parsePolicyBody = (body: unknown): JsonObject => {
  if (!isObject(body)) throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }]);
  const problems = [...problemsOfPolicy(body), ...checkDate(ownField(body, 'date_created')), ...checkApiIds(body)];
  if (problems.length > 0) throw new ValidationFailed(problems);
  return body;
};

const checkDate = (date: JsonValue | undefined): readonly FieldError[] => {
  if (date === undefined || date === null || date === '') return [];
  if (typeof date === 'string' && goTime.test(date) && !Number.isNaN(Date.parse(date))) return [];
  return [{ path: 'date_created', message: 'must be a time such as 2025-01-31T12:00:00Z' }];
};

/** Gateways go by the key of an access right, people by the id inside; they must not differ. */
const checkApiIds = (policy: JsonObject): readonly FieldError[] =>
  Object.entries(accessRightsOf(policy)).flatMap(([apiId, right]) => {
    if (!isJsonObject(right)) return [];
    const named = firstText(right, 'api_id', 'apiid');
    if (named === '' || named === apiId) return [];
    return [{ path: `access_rights.${apiId}.api_id`, message: `must be "${apiId}", like the key it stands under` }];
  });

/** The access rights by `api_id`; empty when there are none. */
export const accessRightsOf = (policy: JsonObject): JsonObject => objectAt(policy, 'access_rights');

/**
 * The policy as it is stored: what was sent, with its identity and dates. An explicit `id` that is not sent stays, since
 * keys and nodes go by it. `date_created` never changes; `last_updated` (Unix seconds, as text) tells of the last
 * write that changed anything else but owners.
 *
 * @returns `before` itself when nothing changed
 */
export const composePolicy = (
  { _id, organisation }: PolicyIdentity,
  sent: JsonObject,
  before: JsonObject | null,
  { at, bringsBack }: Writing,
): JsonObject => {
  const content = Object.fromEntries(Object.entries(sent).filter(([field]) => !ownedFields.has(field)));
  const id = ownField(content, 'id') ?? ownField(before ?? {}, 'id');
  const own: JsonObject = { _id: _id.toString(), org_id: organisation };
  const policy: JsonObject = {
    ...own,
    ...content,
    ...own,
    ...(id === undefined ? {} : { id }),
    ...(isJsonObject(ownField(content, 'access_rights')) ? { access_rights: normaliseRights(content) } : {}),
    // To Go programs a field that is not there is false, too; who reads it elsewhere should not have to know.
    ...((ownField(content, 'active') ?? null) === null ? { active: false } : {}),
    date_created: textAt(before, 'date_created') || textAt(content, 'date_created') || at.toISOString(),
    last_updated: textAt(before, 'last_updated'),
  };
  if (before !== null && contentDigest(policy) === contentDigest(before)) return before;
  // Nodes are served the date of the last write, and none of them is to load again for another owner.
  if (before !== null && contentDigest(withoutOwners(policy)) === contentDigest(withoutOwners(before))) return policy;

  const kept = before === null || bringsBack ? textAt(content, 'last_updated') : '';
  return { ...policy, last_updated: kept || unixSeconds(at) };
};

const withoutOwners = (policy: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(policy).filter(([field]) => !ownerFields.includes(field)));

const unixSeconds = (at: Date): string => String(Math.floor(at.getTime() / 1_000));

/** Each right with its API under the names of today; `apiid` and `apiname` are those of lists and of older nodes. */
const normaliseRights = (policy: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(accessRightsOf(policy)).map(([apiId, right]): [string, JsonValue] =>
      isJsonObject(right) ? [apiId, normaliseRight(apiId, right)] : [apiId, right],
    ),
  );

const namesOfLists = new Set(['apiid', 'apiname']);

const normaliseRight = (apiId: string, right: JsonObject): JsonObject => {
  const name = firstText(right, 'api_name', 'apiname');
  return {
    ...Object.fromEntries(Object.entries(right).filter(([field]) => !namesOfLists.has(field))),
    api_id: apiId,
    ...(name === '' ? {} : { api_name: name }),
  };
};

/** The row of a policy: the document, and the fields that queries and unique indexes need. */
export const policyDraft = (_id: PolicyRow['_id'], policy: JsonObject): Draft<PolicyRow> => ({
  _id,
  policyId: textAt(policy, 'id') || _id.toString(),
  name: policyName(policy),
  active: flagAt(policy, 'active'),
  apiIds: Object.keys(accessRightsOf(policy)),
  tags: listAt(policy, 'tags').filter((tag) => typeof tag === 'string'),
  ...ownersIn(policy),
  document: JSON.stringify(policy),
});

export const policyName = (policy: JsonObject): string => textAt(policy, 'name');

/** The first of the fields that has a text; empty when none has. */
const firstText = (object: JsonObject, ...fields: readonly string[]): string =>
  fields.map((field) => textAt(object, field)).find((text) => text !== '') ?? '';
