import { isJsonObject, objectAt, ownField, parseJson, type JsonObject } from '@castellan/tyk';

/** The definition in a wrapper; empty where there is none. */
export const definitionOf = (wrapper: JsonObject): JsonObject => objectAt(wrapper, 'api_definition');

/**
 * Whether a wrapper is an OAS API's: it has the document, and a definition that says so or none at all. Wrappers of
 * classic APIs may hold an empty `oas` (docs/tyk/management.md#apis).
 */
export const isOasWrapper = (wrapper: JsonObject): boolean => {
  if (Object.keys(objectAt(wrapper, 'oas')).length === 0) return false;
  const definition = ownField(wrapper, 'api_definition');
  return !isJsonObject(definition) || ownField(definition, 'is_oas') === true;
};

/** The wrapper as it is stored, without the row's own facts. */
export const storedWrapper = ({ document }: { readonly document: string }): JsonObject => {
  const wrapper = parseJson(document);
  return isJsonObject(wrapper) ? wrapper : {};
};

/** A copy without some fields. */
export const omit = (object: JsonObject, ...names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
