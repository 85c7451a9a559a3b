import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-text';
import { listAt, objectAt } from '../../json/read';
import { entryPath } from '../../schema/path';
import { fieldPath, type JsonDraft } from '../../openapi/values';

/** Keywords of JSON Schema that a schema of OpenAPI 3.0 has too, with the same meaning. */
const SHARED: ReadonlySet<string> = new Set([
  ...['title', 'description', 'default', 'enum', 'format', 'type', 'required', 'example', 'nullable'],
  ...['multipleOf', 'maximum', 'exclusiveMaximum', 'minimum', 'exclusiveMinimum'],
  ...['maxLength', 'minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems', 'maxProperties', 'minProperties'],
]);

/** Keywords that say nothing about the data. */
const SILENT: ReadonlySet<string> = new Set(['$schema', '$id', 'id', '$comment', 'definitions', '$defs', 'examples']);

const LISTS = ['allOf', 'anyOf', 'oneOf'];

/** A schema for OpenAPI 3.0 and the places of the original that it could not take over. */
export interface ConvertedSchema {
  readonly schema: JsonDraft;
  readonly lost: readonly string[];
}

/**
 * Rewrites a JSON Schema (draft 4, as classic request validation uses it) as a schema of OpenAPI 3.0. What 3.0 does not have is
 * left out and named: the resulting schema never refuses what the original accepts.
 */
export function toOpenApiSchema(source: JsonObject, at = 'schema'): ConvertedSchema {
  const schema: JsonDraft = {};
  const lost: string[] = [];
  const convert = (value: JsonValue, path: string): JsonValue => {
    const inner = toOpenApiSchema(objectAt(value), path);
    lost.push(...inner.lost);
    return inner.schema;
  };

  for (const [keyword, value] of Object.entries(source)) {
    const path = fieldPath(at, keyword);
    if (SILENT.has(keyword)) continue;
    if (keyword === 'type' && Array.isArray(value)) {
      if (!convertTypes(value, schema)) lost.push(path);
    } else if (keyword === 'items' && isJsonObject(value)) {
      schema['items'] = convert(value, path);
    } else if (keyword === 'not' && isJsonObject(value)) {
      // Leaving something out below a "not" would refuse more than before.
      const inner = toOpenApiSchema(value, path);
      if (inner.lost.length === 0) schema['not'] = inner.schema;
      lost.push(...inner.lost);
    } else if (LISTS.includes(keyword)) {
      const before = lost.length;
      const items = listAt(value).map((item, index) => convert(item, entryPath(path, index)));
      // Alternatives that lost something may overlap, where exactly one had to fit.
      schema[keyword === 'oneOf' && lost.length > before ? 'anyOf' : keyword] = items;
    } else if (keyword === 'properties') {
      const properties = Object.entries(objectAt(value));
      schema['properties'] = Object.fromEntries(
        properties.map(([name, property]) => [name, convert(property, fieldPath(path, name))]),
      );
    } else if (keyword === 'additionalProperties') {
      schema['additionalProperties'] = isJsonObject(value) ? convert(value, path) : value;
    } else if (SHARED.has(keyword) && isPlain(keyword, value)) {
      schema[keyword] = value;
    } else {
      lost.push(path);
    }
  }
  if (schema['type'] === 'array' && schema['items'] === undefined) schema['items'] = {};
  return { schema, lost };
}

/** `["string","null"]` is a nullable string; other combinations have no counterpart. */
function convertTypes(types: readonly JsonValue[], schema: JsonDraft): boolean {
  const [only, ...others] = types.filter((type) => type !== 'null');
  if (typeof only !== 'string' || others.length > 0) return false;
  schema['type'] = only;
  if (types.includes('null')) schema['nullable'] = true;
  return true;
}

/** Draft 6 made the two exclusive limits numbers, OpenAPI 3.0 has draft 4's flags. */
function isPlain(keyword: string, value: JsonValue): boolean {
  return keyword.startsWith('exclusive') ? typeof value === 'boolean' : value !== 'null';
}
