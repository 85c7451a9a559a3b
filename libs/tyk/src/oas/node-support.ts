import { type JsonObject, type JsonValue } from '../json-text';
import { listAt, objectAt, textAt } from '../read';
import type { Problem } from '../schema/check';
import { documentPath } from './openapi-check';
import { visitStructure } from './semantics';

/**
 * Places of an OpenAPI 3.1 document that nodes up to 5.9 cannot decode; with one such document in the list, they refuse the whole list.
 * Nodes read 3.1 documents with the types of 3.0 (kin-openapi), where a schema has one type, its exclusive limits are
 * flags, and a schema is an object.
 *
 * @returns empty for a document that every node which knows OAS APIs can decode
 */
export function checkForOlderNodes(document: JsonObject): Problem[] {
  if (textAt(document, 'openapi').startsWith('3.0')) return [];
  const problems: Problem[] = [];
  visitStructure(document, (object, trail) => {
    const found = (field: readonly string[], message: string): void => {
      problems.push({ path: documentPath([...trail, ...field], document), message });
    };
    if (Array.isArray(object['type'])) found(['type'], 'is a list of types, which OpenAPI 3.0 does not have');
    for (const field of ['exclusiveMinimum', 'exclusiveMaximum']) {
      if (typeof object[field] === 'number')
        found([field], 'is a number, where OpenAPI 3.0 has a flag beside the limit');
    }
    for (const [field, schema] of schemasOf(object)) {
      if (typeof schema === 'boolean') found(field, 'is a schema of one word, which OpenAPI 3.0 does not have');
    }
  });
  return problems;
}

/** Fields that hold a schema, with their way from the object. */
function schemasOf(object: JsonObject): (readonly [field: readonly string[], schema: JsonValue])[] {
  const single = ['schema', 'items', 'not'].flatMap((name) => {
    const schema = object[name];
    return schema === undefined ? [] : [[[name], schema] as const];
  });
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((name) =>
    listAt(object, name).map((schema, index) => [[name, String(index)], schema] as const),
  );
  const maps = ['properties', 'schemas'].flatMap((name) =>
    Object.entries(objectAt(object, name)).map(([key, schema]) => [[name, key], schema] as const),
  );
  return [...single, ...lists, ...maps];
}
