import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import Ajv04 from 'ajv-draft-04';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-text';
import { parsePointer } from '../../json/json-pointer';
import { lookUp } from '../../openapi/references';
import { fieldPath, without } from '../../openapi/values';
import { entryPath } from '../../schema/path';
import type { CompileFault } from './fault';
import { documentPath } from '../../json/document-path';

/** What gateways check schemas by: draft 7, and what was different in draft 4. */
let metaSchemas: readonly ValidateFunction[] | undefined;

/** More than schemas have, and little enough for a reader that calls itself for each level. */
const MAX_DEPTH = 100;

/** Fields of a schema that hold data, or names that are the author's. */
const DATA: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples']);
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', 'definitions', 'dependencies', '$defs']);

/**
 * The first thing that keeps gateways from compiling a JSON Schema, which they do once for each request that it is for: something
 * that is not a schema of draft 4 to 7, a pattern that Go cannot compile, or a reference into the schema that leads nowhere.
 *
 * @param patternFault what is wrong with a pattern
 */
export function jsonSchemaFault(
  schema: JsonObject,
  patternFault: (pattern: string) => string | undefined,
): CompileFault | undefined {
  if (isDeep(schema)) return { below: '', message: `is nested deeper than ${MAX_DEPTH} levels` };
  // Which draft it says it is does not matter: gateways read all of them by the same rules.
  const content = without(schema, '$schema');
  const failed = validators().map((validate) => (validate(content) ? undefined : (validate.errors?.[0] ?? null)));
  const [first] = failed;
  if (failed.every((error) => error !== undefined) && first !== undefined) return structureFault(schema, first);
  return partFault(schema, schema, '', patternFault);
}

function validators(): readonly ValidateFunction[] {
  const options = { strict: false, validateFormats: false, code: { optimize: false } } as const;
  metaSchemas ??= [
    new Ajv(options).getSchema('http://json-schema.org/draft-07/schema'),
    new Ajv04(options).getSchema('http://json-schema.org/draft-04/schema'),
  ].filter((validate) => validate !== undefined);
  return metaSchemas;
}

function structureFault(schema: JsonObject, error: ErrorObject | null): CompileFault {
  const segments = parsePointer(error?.instancePath ?? '');
  return {
    below: documentPath(segments, schema, below),
    message: `is no JSON Schema: ${error?.message ?? 'it does not fit'}`,
  };
}

/** The path of a field as it follows the path of the schema. */
function below(parent: string, name: string): string {
  const field = fieldPath('x', name).slice(1);
  return parent + field;
}

function partFault(
  root: JsonObject,
  value: JsonValue,
  path: string,
  patternFault: (pattern: string) => string | undefined,
  isMap = false,
): CompileFault | undefined {
  if (Array.isArray(value)) {
    return first(value, (item, index) => partFault(root, item, entryPath(path, index), patternFault));
  }
  if (!isJsonObject(value)) return undefined;
  return first(Object.entries(value), ([name, field]) => {
    const at = below(path, name);
    if (isMap) return partFault(root, field, at, patternFault);
    if (name === 'pattern' && typeof field === 'string') return faultAt(at, patternFault(field));
    if (name === '$ref' && typeof field === 'string') return faultAt(at, referenceFault(root, field));
    const keys = name === 'patternProperties' && isJsonObject(field) ? Object.keys(field) : [];
    const wrongKey = first(keys, (key) => faultAt(below(at, key), patternFault(key)));
    return wrongKey ?? (DATA.has(name) ? undefined : partFault(root, field, at, patternFault, MAPS.has(name)));
  });
}

/** References out of the schema are followed by gateways, with whatever they find there. */
function referenceFault(root: JsonObject, reference: string): string | undefined {
  if (!reference.startsWith('#/') || lookUp(root, reference) !== undefined) return undefined;
  return `"${reference}" leads nowhere`;
}

function faultAt(path: string, message: string | undefined): CompileFault | undefined {
  return message === undefined ? undefined : { below: path, message };
}

function first<Item, Found>(
  items: readonly Item[],
  find: (item: Item, index: number) => Found | undefined,
): Found | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isDeep(schema: JsonObject): boolean {
  let level: JsonValue[] = [schema];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}
