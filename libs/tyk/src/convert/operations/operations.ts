import { type JsonObject, ownField } from '../../json/json-text';
import { ALLOWANCES, FEATURES } from './operation-features';
import { operationsOf, toClassicPath } from '../../openapi/paths';
import { objectAt } from '../../json/read';
import { defineField, readAt, without, type JsonDraft } from '../../openapi/values';

/** Lists that an OAS API says in its document, or that its conversion replaces; what else stands in `extended_paths` is kept. */
const REPLACED = [...FEATURES.map((feature) => feature.classic), 'cache', 'validate_json', 'mock_response'];

/**
 * The `extended_paths` that say what the operations of the document are set to do.
 *
 * @param previous the lists so far: those without a counterpart in the extension (`transform_jq`, `persist_graphql`) are kept
 */
export function operationsToClassic(document: JsonObject, extension: JsonObject, previous: JsonObject): JsonDraft {
  const settings = objectAt(readAt(extension, 'middleware.operations'));
  const lists: JsonDraft = without(previous, ...REPLACED);
  const operations = operationsOf(document).filter(({ id }) => id !== '' && ownField(settings, id) !== undefined);

  for (const { oas, classic, toClassic } of FEATURES) {
    const entries = operations.flatMap((operation) => {
      const setting = ownField(objectAt(ownField(settings, operation.id)), oas);
      const entry = setting === undefined ? undefined : toClassic(setting);
      if (entry === undefined) return [];
      const { method } = operation;
      const actions = ALLOWANCES.has(classic) ? { method_actions: noAction(method) } : {};
      return [{ ...entry, path: toClassicPath(document, operation), method, ...actions }];
    });
    if (entries.length > 0) defineField(lists, classic, entries);
  }
  return lists;
}

/** Nodes of the 3.x line know the methods of an entry by this map alone; without it they take the entry for all methods. */
function noAction(method: string): JsonDraft {
  return { [method]: { action: 'no_action', code: 200, data: '', headers: {} } };
}
