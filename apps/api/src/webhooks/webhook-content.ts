import { ValidationFailed } from '@castellan/dto';
import type { Draft, WebhookRow } from '@castellan/persistence';
import { checkHook, contentDigest, textAt, type JsonObject, type JsonValue } from '@castellan/tyk';

/** Identity of a web hook: what Castellan decides, whatever the body says. */
export interface WebhookIdentity {
  readonly _id: WebhookRow['_id'];
  readonly organisation: string;
  /** The `webhook_id` that the hook has, for a body that says none; empty for a new hook. */
  readonly webhookId: string;
}

/** Fields that replies carry and that are not the client's to set. */
const ownedFields = new Set(['version']);

/**
 * A web hook's fields in the order in which clients know them (docs/tyk/management.md#web-hooks), as they are when
 * nothing is sent.
 */
const emptyHook: JsonObject = {
  api_model: {},
  id: '',
  org_id: '',
  name: '',
  method: '',
  target_path: '',
  template_path: '',
  header_map: {},
  event_timeout: 0,
  webhook_id: '',
};

/** Bodies come out of the JSON parser, so an object holds JSON values only. */
const isObject = (body: unknown): body is JsonObject =>
  typeof body === 'object' && body !== null && !Array.isArray(body);

/** @throws ValidationFailed with each wrong field */
export const parseHookBody = (body: unknown): JsonObject => {
  if (!isObject(body)) throw new ValidationFailed([{ path: 'body', message: 'must be a JSON object' }]);
  const problems = checkHook(body);
  if (problems.length > 0) throw new ValidationFailed(problems);
  return body;
};

/**
 * The row of a web hook. A write replaces the whole hook: a field that is not sent, or null, has its empty value. Only
 * `webhook_id` stays, since references go by it (docs/tyk/management.md#web-hooks).
 */
export const webhookDraft = (
  { _id, organisation, webhookId: present }: WebhookIdentity,
  sent: JsonObject,
): Draft<WebhookRow> => {
  const webhookId = textAt(sent, 'webhook_id') || present || webhookIdOf(_id);
  const content = Object.entries(sent).filter(([field, value]) => !ownedFields.has(field) && !isEmpty(field, value));
  const hook: JsonObject = {
    ...emptyHook,
    ...Object.fromEntries(content),
    id: _id.toString(),
    org_id: organisation,
    webhook_id: webhookId,
  };
  return { _id, name: hookName(hook), webhookId, document: JSON.stringify(hook) };
};

/** 32 hex digits, made of the row id: a hook that says none gets the same one from every import. */
const webhookIdOf = (_id: WebhookRow['_id']): string => contentDigest(_id.toString()).slice(0, 32);

/** Null, where an empty value is known: gateways read both alike. */
const isEmpty = (field: string, value: JsonValue): boolean => value === null && Object.hasOwn(emptyHook, field);

export const hookName = (hook: JsonObject): string => textAt(hook, 'name');
