import { hash } from 'node:crypto';

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/**
 * A JSON object as data. It may have own fields with names such as `__proto__`, so: read with {@link ownField}, copy with
 * spread or `Object.fromEntries` (both keep such fields), never with `Object.assign` or `copy[name] = value` (both would set
 * the copy's prototype instead). The index signature is read-only for that reason.
 */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Deep enough for any definition seen in the wild, far from what would exhaust a recursive reader's stack. */
export const DEFAULT_JSON_DEPTH = 200;

/** A text that is not JSON, nested deeper than allowed, or with a number that nobody could read again. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';

  constructor(
    readonly reason: 'syntax' | 'depth' | 'number',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Parses strict JSON. Fields named `__proto__` come out as ordinary own fields. Numbers are doubles, as RFC 8259 (section 6)
 * advises and as Go reads fields that it does not know; one beyond the range of doubles, such as `1e400`, would be written as
 * `null` and is refused instead.
 *
 * @throws JsonTextError for anything that is not one JSON value, that nests objects and arrays deeper than `maxDepth`, or that has
 *   a number out of range
 */
export function parseJson(text: string, maxDepth = DEFAULT_JSON_DEPTH): JsonValue {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new JsonTextError('syntax', 'The text is not valid JSON.', { cause });
  }
  requireJson(value, maxDepth, maxDepth);
  return value;
}

/** Tells a JSON object from arrays, null and the rest. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's own field, never something inherited: `ownField({}, 'constructor')` is undefined. */
export function ownField(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * One text for all texts of the same JSON value: no spaces, fields in order of their UTF-16 code units, numbers and strings as
 * `JSON.stringify` writes them (a lone surrogate as an escape).
 */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);

  const fields = Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`);
  return `{${fields.join(',')}}`;
}

/** Whether two values hold the same data. */
export function isSameJson(one: JsonValue, another: JsonValue): boolean {
  if (Array.isArray(one) && Array.isArray(another))
    return one.length === another.length && one.every((item, at) => isSameJson(item, another[at] ?? null));
  if (!isJsonObject(one) || !isJsonObject(another)) return one === another;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(another).length &&
    names.every((name) => Object.hasOwn(another, name) && isSameJson(one[name] ?? null, another[name] ?? null))
  );
}

/** Sha256, in hex, of the canonical form: equal exactly when two documents hold the same data. */
export function contentDigest(value: JsonValue): string {
  return hash('sha256', canonicalJson(value), 'hex');
}

/**
 * Adds fields at the end of the text of a JSON object without parsing it: `{"a":1}` and `{version: 3}` give
 * `{"a":1,"version":3}`. The caller knows that the object has no such fields yet.
 *
 * @param documentText valid JSON of an object; only its first and last character are looked at
 * @throws RangeError when those are not braces
 */
export function appendFields(documentText: string, fields: JsonObject): string {
  const text = documentText.trim();
  if (!text.startsWith('{') || !text.endsWith('}')) throw new RangeError('Fields can only be added to a JSON object.');

  const head = text.slice(0, -1).trimEnd();
  const tail = JSON.stringify(fields).slice(1);
  const separator = head === '{' || tail === '}' ? '' : ',';
  return head + separator + tail;
}

/** @param levels how many more objects and arrays may be inside each other */
function requireJson(value: unknown, levels: number, maxDepth: number): asserts value is JsonValue {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new JsonTextError('number', 'The JSON has a number beyond ±1.8e308, which cannot be kept.');
  }
  if (typeof value !== 'object' || value === null) return;
  if (levels === 0) throw new JsonTextError('depth', `The JSON is nested deeper than ${maxDepth} levels.`);
  Object.values(value).forEach((child: unknown) => {
    requireJson(child, levels - 1, maxDepth);
  });
}
