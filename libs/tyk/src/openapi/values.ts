import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { at, listAt, objectAt } from '../json/read';
import { entryPath } from '../schema/path';

/** An object under construction. Names that come from a document are written with {@link defineField} only. */
export type JsonDraft = Record<string, JsonValue>;

/** The name of Tyk's extension in the root of an OpenAPI document. */
export const EXTENSION = 'x-tyk-api-gateway';

/** The objects of a list; anything else in it is left out. */
export function objectsOf(value: JsonValue | undefined): JsonObject[] {
  return listAt(value).filter((item) => isJsonObject(item));
}

/** The texts of a list; anything else in it is left out. */
export function textsOf(value: JsonValue | undefined): string[] {
  return listAt(value).filter((item) => typeof item === 'string');
}

/** Reads a dotted path of our own making, own fields only. */
export function readAt(object: JsonObject, path: string): JsonValue | undefined {
  return at(object, ...path.split('.'));
}

/** Writes at a dotted path of our own making and makes the objects on the way. Objects met on the way are copied, not changed. */
export function writeAt(draft: JsonDraft, path: string, value: JsonValue): void {
  const dot = path.indexOf('.');
  if (dot < 0) {
    draft[path] = value;
    return;
  }
  const name = path.slice(0, dot);
  const child: JsonDraft = { ...objectAt(ownField(draft, name)) };
  writeAt(child, path.slice(dot + 1), value);
  draft[name] = child;
}

/** Writes a field whose name comes from a document: `__proto__` becomes a field like any other. */
export function defineField(draft: JsonDraft, name: string, value: JsonValue): void {
  Object.defineProperty(draft, name, { value, writable: true, enumerable: true, configurable: true });
}

/** A copy without one field. */
export function without(object: JsonObject, ...names: readonly string[]): JsonDraft {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** Whether the value says nothing: null, false, zero, empty, or an object of such values. Nodes read all of them as the default. */
export function isUnset(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.values(value).every(isUnset);
}

/** Whether two values mean the same to a node: fields that say nothing do not count. */
export function sameMeaning(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return isDeepStrictEqual(significant(a), significant(b));
}

/** The value without the fields that say nothing; undefined if all of it does. */
function significant(value: JsonValue | undefined): JsonValue | undefined {
  if (isUnset(value)) return undefined;
  if (Array.isArray(value)) return value.map((item) => significant(item) ?? null);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([name, field]) => {
    const kept = significant(field);
    return kept === undefined ? [] : [[name, kept] as const];
  });
  return Object.fromEntries(entries);
}

/** The path of a field of which only the document knows the name: `schema.items`, `schema["a b"]`. */
export function fieldPath(parent: string, name: string): string {
  if (!/^[$A-Z_a-z][-$\w]*$/u.test(name)) return entryPath(parent, name);
  return parent === '' ? name : `${parent}.${name}`;
}

/** Order of names that does not depend on the machine's language. */
export function byName(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
