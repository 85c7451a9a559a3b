export type Schemas = Readonly<Record<string, unknown>>;

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

const first = (value: unknown): unknown => (Array.isArray(value) ? (value as readonly unknown[])[0] : undefined);

/** Deeper than any schema of ours that does not contain itself. */
const deepest = 12;

const byType: Readonly<Record<string, unknown>> = { string: '', integer: 1, number: 1, boolean: true };

/** A value that a schema allows, made of the examples of its parts. */
export const exampleOf = (given: unknown, schemas: Schemas, depth = 0): unknown => {
  const schema = resolved(given, schemas);
  if ('example' in schema) return schema['example'];
  const { enum: values, type, nullable } = schema;
  if (values !== undefined) return first(values);
  const parts = [schema['allOf'], schema['oneOf'], schema['anyOf']].find(Array.isArray);
  if (depth > deepest) return null;
  if (parts !== undefined) return exampleOf(first(parts), schemas, depth + 1);
  if (type === 'array') return [exampleOf(schema['items'], schemas, depth + 1)];
  if (type === 'object') return objectOf(schema, schemas, depth);
  if (nullable === true) return null;
  return typeof type === 'string' ? byType[type] : null;
};

const objectOf = ({ properties }: Fields, schemas: Schemas, depth: number): Fields =>
  Object.fromEntries(
    Object.entries(fieldsOf(properties)).map(([name, schema]) => [name, exampleOf(schema, schemas, depth + 1)]),
  );

const resolved = (schema: unknown, schemas: Schemas): Fields => {
  const { $ref: reference, ...own } = fieldsOf(schema);
  if (typeof reference !== 'string') return own;
  return fieldsOf(schemas[reference.slice(reference.lastIndexOf('/') + 1)]);
};
