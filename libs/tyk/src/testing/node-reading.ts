import { Ajv2020 } from 'ajv/dist/2020';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';

/** A JSON Schema that accepts what a node accepts by a schema of OpenAPI 3.0: null only where it says so. */
const asNodesRead = (schema: JsonValue): JsonValue => {
  if (!isJsonObject(schema)) return schema;
  const reads = Object.fromEntries(
    Object.entries(schema).flatMap(([name, value]): (readonly [string, JsonValue])[] => {
      if (name === 'nullable' || name === 'example' || name === 'default') return [];
      if (name === 'minimum' && schema['exclusiveMinimum'] === true) return [['exclusiveMinimum', value]];
      if (name === 'maximum' && schema['exclusiveMaximum'] === true) return [['exclusiveMaximum', value]];
      if (name === 'exclusiveMinimum' || name === 'exclusiveMaximum') return [];
      if (name === 'properties' && isJsonObject(value)) {
        return [[name, Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asNodesRead(each)]))]];
      }
      if (Array.isArray(value) && ['allOf', 'anyOf', 'oneOf'].includes(name)) return [[name, value.map(asNodesRead)]];
      return [[name, ['items', 'not', 'additionalProperties'].includes(name) ? asNodesRead(value) : value]];
    }),
  );
  if (Object.hasOwn(schema, '$ref')) return reads;
  return {
    anyOf: [schema['nullable'] === true ? { type: 'null' } : false, { allOf: [{ not: { type: 'null' } }, reads] }],
  };
};

const schemasOf = (document: JsonObject): JsonObject => {
  const components = document['components'];
  const schemas = isJsonObject(components) ? components['schemas'] : undefined;
  return isJsonObject(schemas) ? schemas : {};
};

/** One for all: it compiles the schema of schemas, by which it looks at each that it is given, once. */
const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });

const checkerOf = (schemas: JsonObject): ((value: JsonValue) => boolean) => {
  // ajv finds no schema of one word by a reference.
  const found = Object.entries(schemas).map(
    ([name, schema]) => [name, isJsonObject(schema) ? schema : { allOf: [schema] }] as const,
  );
  ajv.removeSchema();
  ajv.addSchema({ components: { schemas: Object.fromEntries(found) } }, 'document');
  const check = ajv.compile({ $ref: 'document#/components/schemas/S' });
  return (value) => check(value);
};

/** What the schema `S` of a document of OpenAPI 3.1 accepts. */
export const acceptedBy = (document: JsonObject): ((value: JsonValue) => boolean) => checkerOf(schemasOf(document));

/** What nodes accept by the schema `S` of a document of OpenAPI 3.0. */
export const acceptedByNodes = (document: JsonObject): ((value: JsonValue) => boolean) =>
  checkerOf(
    Object.fromEntries(Object.entries(schemasOf(document)).map(([name, schema]) => [name, asNodesRead(schema)])),
  );
