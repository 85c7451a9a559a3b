import { isJsonObject, ownField, type JsonObject, type JsonValue } from './json-text';

/** The value at the end of a path of own field names, or undefined when something on the way is missing or no object. */
export function at(value: JsonValue | undefined, ...names: string[]): JsonValue | undefined {
  return names.reduce<JsonValue | undefined>(
    (parent, name) => (isJsonObject(parent) ? ownField(parent, name) : undefined),
    value,
  );
}

// The rest reads as Go decodes: what is missing, null or of another type is the type's zero value.

export function textAt(value: JsonValue | undefined, ...names: string[]): string {
  const found = at(value, ...names);
  return typeof found === 'string' ? found : '';
}

export function flagAt(value: JsonValue | undefined, ...names: string[]): boolean {
  return at(value, ...names) === true;
}

export function numberAt(value: JsonValue | undefined, ...names: string[]): number {
  const found = at(value, ...names);
  return typeof found === 'number' ? found : 0;
}

export function listAt(value: JsonValue | undefined, ...names: string[]): JsonValue[] {
  const found = at(value, ...names);
  return Array.isArray(found) ? found : [];
}

export function objectAt(value: JsonValue | undefined, ...names: string[]): JsonObject {
  const found = at(value, ...names);
  return isJsonObject(found) ? found : {};
}
