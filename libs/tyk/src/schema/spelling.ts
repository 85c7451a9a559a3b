import { isJsonObject, ownField, type JsonValue } from '../json/json-text';
import type { Schema } from './builders';
import { knownField } from './path';

export interface MisspeltName {
  /** Field names and list positions from the document down to the misspelt name. */
  segments: string[];
  /** What gateways take it for. */
  knownAs: string;
}

/**
 * Gateways match field names without regard to case, so `"Listen_Path"` would reach them as `listen_path` although nothing here
 * saw it: neither the type check nor the index of taken paths. This finds such names.
 */
export function misspeltNames(document: JsonValue, schema: Schema): MisspeltName[] {
  const found: MisspeltName[] = [];
  visit(document, schema, [], found);
  return found;
}

function visit(value: JsonValue, schema: Schema, trail: string[], found: MisspeltName[]): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined)
      value.forEach((item, at) => {
        descend(item, items, String(at), trail, found);
      });
    return;
  }
  if (!isJsonObject(value)) return;

  for (const name of Object.keys(value)) {
    const field = knownField(schema, name);
    const knownAs = field === undefined ? foldedNames(schema).get(foldName(name)) : undefined;
    if (knownAs !== undefined) found.push({ segments: [...trail, name], knownAs });
    const child = field ?? schema.additionalProperties;
    if (child !== undefined) descend(ownField(value, name), child, name, trail, found);
  }
}

function descend(
  value: JsonValue | undefined,
  schema: Schema,
  segment: string,
  trail: string[],
  found: MisspeltName[],
): void {
  if (typeof value !== 'object' || value === null) return;
  trail.push(segment);
  visit(value, schema, trail, found);
  trail.pop();
}

/** Known names by what Go reduces them to; kept, because the schemas live as long as the program. */
const cache = new WeakMap<Schema, ReadonlyMap<string, string>>();

function foldedNames(schema: Schema): ReadonlyMap<string, string> {
  let names = cache.get(schema);
  if (names === undefined) {
    names = new Map(Object.keys(schema.properties ?? {}).map((name) => [foldName(name), name]));
    cache.set(schema, names);
  }
  return names;
}

/** Upper case first: the long s (U+017F) and the Kelvin sign (U+212A) are s and k to Go, and only so to both of these. */
export function foldName(name: string): string {
  return name.toUpperCase().toLowerCase();
}
