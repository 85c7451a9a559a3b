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
import type { References } from '../resource/references';
import { definitionOf } from './wrapper';

/**
 * The wrapper with each web hook that it refers to as the hook is now: in `hook_references`, and in the definition's
 * `event_handlers`, where nodes look (reference 1.5).
 *
 * @param before ids of the hooks that the API referred to until now; entries of those it no longer refers to go
 * @throws ValidationFailed where a reference names no hook of the organisation
 */
export const withHooks = async (
  wrapper: JsonObject,
  before: readonly string[],
  source: References,
): Promise<JsonObject> => {
  const given = ownField(wrapper, 'hook_references') ?? null;
  const references = referencesOf(given);
  if (references.length === 0 && before.length === 0) return wrapper;

  const hooks = await load(referencedHookIds([...references]), source);
  refuseUnknown(references, hooks);
  const current = references.map((reference) => ({ ...reference, hook: hooks.get(hookIdOf(reference)) ?? {} }));
  return {
    ...wrapper,
    hook_references: given === null ? null : current,
    api_definition: embedHooks(definitionOf(wrapper), current, hooks, before),
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
  const problems = given.flatMap((reference, index): FieldError[] => {
    const path = `hook_references[${index}]`;
    if (!isJsonObject(reference)) return [{ path, message: 'must be an object' }];
    return textAt(reference, 'event_name') === ''
      ? [{ path: `${path}.event_name`, message: 'is required: no event would ever call the hook' }]
      : [];
  });
  if (problems.length > 0) throw new ValidationFailed(problems);
  return given.filter(isJsonObject);
};

const refuseUnknown = (references: readonly JsonObject[], hooks: ReadonlyMap<string, JsonObject>): void => {
  const problems = references.flatMap((reference, index): FieldError[] =>
    hooks.has(hookIdOf(reference))
      ? []
      : [{ path: `hook_references[${index}].hook.id`, message: 'names no web hook of the organisation' }],
  );
  if (problems.length > 0) throw new ValidationFailed(problems);
};

const hookIdOf = (reference: JsonValue): string => referencedHookIds([reference])[0] ?? '';

const load = async (ids: readonly string[], source: References): Promise<ReadonlyMap<string, JsonObject>> => {
  const rows = await source.webhooks(ids);
  return new Map(rows.map((row) => [row._id.toString(), objectAt(parseJson(row.document))]));
};
