import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../../json/json-text';
import { listAt } from '../../json/read';
import type { Problem } from '../../schema/check';
import { documentPath } from '../../json/document-path';
import { lookUp } from '../../openapi/references';
import { visitStructure } from './semantics';

/** Keywords whose schemas are about the same value as the schema that holds them. */
const SAME_VALUE = ['not', 'if', 'then', 'else'] as const;
const SAME_VALUES = ['allOf', 'anyOf', 'oneOf'] as const;

/**
 * References that lead back to their own schema without going into the value, such as a schema that has itself among its
 * `allOf`. To check a value against one takes for ever, and a node that is asked to dies.
 */
export function checkSchemaCircles(document: JsonObject): Problem[] {
  const problems: Problem[] = [];
  const open = new Set<string>();
  visitStructure(document, (object, trail) => {
    const reference = ownField(object, '$ref');
    if (typeof reference !== 'string' || !leadsBack(document, reference, open, new Set())) return;
    problems.push({
      path: documentPath([...trail, '$ref'], document),
      message: `"${reference}" leads back to itself: no value could ever be checked`,
    });
  });
  return problems;
}

/**
 * @param harmless references that were followed before and lead to no circle
 * @param above references on the way here
 */
const leadsBack = (
  document: JsonObject,
  reference: string,
  harmless: Set<string>,
  above: ReadonlySet<string>,
): boolean => {
  if (above.has(reference)) return true;
  if (harmless.has(reference)) return false;
  const way = new Set([...above, reference]);
  const found = sameValueReferences(lookUp(document, reference)).some((next) =>
    leadsBack(document, next, harmless, way),
  );
  if (!found) harmless.add(reference);
  return found;
};

/** References by which a schema says more about the same value. */
const sameValueReferences = (schema: JsonValue | undefined): string[] => {
  if (!isJsonObject(schema)) return [];
  const reference = ownField(schema, '$ref');
  const parts = [
    ...SAME_VALUE.map((name) => ownField(schema, name)),
    ...SAME_VALUES.flatMap((name) => listAt(schema, name)),
    ...Object.values(isJsonObject(schema['dependentSchemas']) ? schema['dependentSchemas'] : {}),
  ];
  return [...(typeof reference === 'string' ? [reference] : []), ...parts.flatMap(sameValueReferences)];
};
