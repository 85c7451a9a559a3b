import { ValidationFailed, type FieldError } from '@castellan/dto';
import {
  embedHooks,
  isJsonObject,
  objectAt,
  ownField,
  parseJson,
  referencedHookIds,
  textAt,
  type JsonObject,
  type JsonValue,
} from '@castellan/tyk';
import type { References } from '../resources/references';
import { definitionOf } from './wrapper';

/** Web hooks of an organisation, found by either of their ids. */
interface KnownHooks {
  readonly byId: ReadonlyMap<string, JsonObject>;
  readonly byWebhookId: ReadonlyMap<string, JsonObject>;
}

/**
 * The wrapper with each web hook that it refers to as the hook is now: in `hook_references`, and in the definition's
 * `event_handlers`, where nodes look (docs/tyk/management.md#web-hooks-in-apis). A reference names its hook by
 * `hook.id`, or else by `hook.webhook_id`, which is the same in every installation.
 *
 * @param before ids of the hooks that the API referred to until now; entries of those it no longer refers to go
 * @throws ValidationFailed for each wrong reference, and where one names no hook of the organisation
 */
export const withHooks = async (
  wrapper: JsonObject,
  before: readonly string[],
  source: References,
): Promise<JsonObject> => {
  const given = ownField(wrapper, 'hook_references') ?? null;
  const references = referencesOf(given);
  if (references.length === 0 && before.length === 0) return wrapper;

  const hooks = await load(references, source);
  refuseUnknown(references, hooks);
  const current = references.map((reference) => ({ ...reference, hook: hookOf(reference, hooks) ?? {} }));
  return {
    ...wrapper,
    hook_references: given === null ? null : current,
    api_definition: embedHooks(definitionOf(wrapper), current, hooks.byId, before),
  };
};

/** The wrapper without its references to one hook. */
export const withoutHook = (wrapper: JsonObject, id: string): JsonObject => {
  const references = ownField(wrapper, 'hook_references');
  if (!Array.isArray(references)) return wrapper;
  return { ...wrapper, hook_references: references.filter((reference) => hookIdOf(reference) !== id) };
};

/** Null stands for an empty list, as Go programs write one. */
const referencesOf = (given: JsonValue): readonly JsonObject[] => {
  if (given === null) return [];
  if (!Array.isArray(given)) throw new ValidationFailed([{ path: 'hook_references', message: 'must be a list' }]);
  const problems = given.flatMap((reference, index) => problemsOf(reference, `hook_references[${index}]`));
  if (problems.length > 0) throw new ValidationFailed(problems);
  return given.filter(isJsonObject);
};

const problemsOf = (reference: JsonValue, path: string): readonly FieldError[] => {
  if (!isJsonObject(reference)) return [{ path, message: 'must be an object' }];
  const problems: FieldError[] = [];
  if (textAt(reference, 'event_name') === '') {
    problems.push({ path: `${path}.event_name`, message: 'is required: no event would ever call the hook' });
  }
  const timeout = ownField(reference, 'event_timeout') ?? 0;
  if (!Number.isSafeInteger(timeout) || Number(timeout) < 0) {
    problems.push({ path: `${path}.event_timeout`, message: 'must be a whole number of seconds' });
  }
  return problems;
};

const refuseUnknown = (references: readonly JsonObject[], hooks: KnownHooks): void => {
  const problems = references.flatMap((reference, index): FieldError[] =>
    hookOf(reference, hooks) === undefined
      ? [{ path: `hook_references[${index}].hook.id`, message: 'names no web hook of the organisation' }]
      : [],
  );
  if (problems.length > 0) throw new ValidationFailed(problems);
};

const hookOf = (reference: JsonObject, { byId, byWebhookId }: KnownHooks): JsonObject | undefined =>
  byId.get(hookIdOf(reference)) ?? byWebhookId.get(webhookIdOf(reference));

const hookIdOf = (reference: JsonValue): string => referencedHookIds([reference])[0] ?? '';

const webhookIdOf = (reference: JsonValue): string => textAt(reference, 'hook', 'webhook_id');

const load = async (references: readonly JsonObject[], source: References): Promise<KnownHooks> => {
  const names = references.flatMap((reference) => [hookIdOf(reference), webhookIdOf(reference)]);
  const rows = await source.named(
    'webhook',
    [...new Set(names)].filter((name) => name !== ''),
  );
  const hooks = rows.map((row) => [row._id.toString(), objectAt(parseJson(row.document))] as const);
  return {
    byId: new Map(hooks),
    byWebhookId: new Map(hooks.map(([, hook]) => [textAt(hook, 'webhook_id'), hook])),
  };
};
