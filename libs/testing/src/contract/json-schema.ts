import { fieldsOf } from './operations';

/**
 * An OpenAPI 3.0 document with schemas that a validator of JSON Schema reads: `nullable` becomes a type. An object whose
 * fields are named and that does not say that there may be others is closed, so that a field nobody declared is found.
 */
export const toJsonSchema = (value: unknown): object => fieldsOf(converted(value));

const converted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(converted);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...schema }: Readonly<Record<string, unknown>> = { ...value };
  const inner = Object.fromEntries(
    Object.entries(schema).flatMap(([name, entry]) => (isSample(name, entry) ? [] : [[name, converted(entry)]])),
  );
  if (isClosed(inner)) inner['additionalProperties'] = false;
  return nullable === true ? { anyOf: [{ type: 'null' }, inner] } : inner;
};

/** Examples look like schemas now and then; a field may be called so too, and then it has a schema. */
const isSample = (name: string, entry: unknown): boolean =>
  (name === 'example' || name === 'examples') && fieldsOf(entry)['type'] === undefined;

const isClosed = (schema: Readonly<Record<string, unknown>>): boolean =>
  schema['type'] === 'object' && 'properties' in schema && !('additionalProperties' in schema);
