import { isDeepStrictEqual } from 'node:util';
import { parsePointer, pointerTo } from './json-pointer';
import { isJsonObject, ownField, type JsonObject, type JsonValue } from './json-text';

/**
 * One step from an old document to a new one: an operation of JSON Patch (RFC 6902) that also says what was there before. Paths
 * are JSON pointers (RFC 6901); the empty path is the document itself.
 */
export type DiffOperation =
  | { readonly op: 'add'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string; readonly before: JsonValue }
  | { readonly op: 'replace'; readonly path: string; readonly before: JsonValue; readonly value: JsonValue };

/**
 * What changed between two JSON values; empty when they hold the same data (the order of fields is no data). Lists are compared
 * from both ends and, in what remains, item by item, in time proportional to their size.
 */
export function diffJson(before: JsonValue, after: JsonValue): DiffOperation[] {
  const operations: DiffOperation[] = [];
  compare(before, after, '', operations);
  return operations;
}

/**
 * The document after the operations; the given one is not changed.
 *
 * @throws RangeError when an operation's path leads nowhere
 */
export function applyDiff(document: JsonValue, operations: readonly DiffOperation[]): JsonValue {
  const root: JsonValue[] = [copyOf(document)];
  for (const operation of operations) {
    const segments = ['0', ...parsePointer(operation.path)];
    const name = segments.pop() ?? '';
    const parent = segments.reduce<JsonValue | undefined>(childOf, root);
    if (Array.isArray(parent)) applyToList(parent, name, operation);
    else if (isJsonObject(parent)) applyToObject(parent, name, operation);
    else throw nothingAt(operation.path);
  }
  return root[0] ?? null;
}

function compare(before: JsonValue, after: JsonValue, path: string, operations: DiffOperation[]): void {
  if (Array.isArray(before) && Array.isArray(after)) {
    compareLists(before, after, path, operations);
  } else if (isJsonObject(before) && isJsonObject(after)) {
    compareObjects(before, after, path, operations);
  } else if (before !== after) {
    operations.push({ op: 'replace', path, before, value: after });
  }
}

function compareObjects(before: JsonObject, after: JsonObject, path: string, operations: DiffOperation[]): void {
  for (const [name, old] of Object.entries(before)) {
    const field = pointerTo(path, name);
    const value = ownField(after, name);
    if (value === undefined) operations.push({ op: 'remove', path: field, before: old });
    else compare(old, value, field, operations);
  }
  for (const [name, value] of Object.entries(after)) {
    if (!Object.hasOwn(before, name)) operations.push({ op: 'add', path: pointerTo(path, name), value });
  }
}

function compareLists(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  path: string,
  operations: DiffOperation[],
): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isDeepStrictEqual(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && isDeepStrictEqual(before.at(-1 - end), after.at(-1 - end))) end += 1;

  const old = before.slice(start, before.length - end);
  const fresh = after.slice(start, after.length - end);
  const paired = Math.min(old.length, fresh.length);
  for (const [index, value] of fresh.slice(0, paired).entries()) {
    compare(old[index] ?? null, value, pointerTo(path, start + index), operations);
  }
  // Backwards, so that no removal moves what a later one is about.
  for (const [index, value] of [...old.slice(paired).entries()].reverse()) {
    operations.push({ op: 'remove', path: pointerTo(path, start + paired + index), before: value });
  }
  for (const [index, value] of fresh.slice(paired).entries()) {
    operations.push({ op: 'add', path: pointerTo(path, start + paired + index), value });
  }
}

function applyToList(list: JsonValue[], segment: string, operation: DiffOperation): void {
  const index = Number(segment);
  const last = operation.op === 'add' ? list.length : list.length - 1;
  if (!/^(0|[1-9]\d*)$/.test(segment) || index > last) throw nothingAt(operation.path);

  if (operation.op === 'remove') list.splice(index, 1);
  else list.splice(index, operation.op === 'add' ? 0 : 1, copyOf(operation.value));
}

function applyToObject(object: JsonObject, name: string, operation: DiffOperation): void {
  if (operation.op !== 'add' && !Object.hasOwn(object, name)) {
    throw nothingAt(operation.path);
  }
  if (operation.op === 'remove') {
    Reflect.deleteProperty(object, name);
    return;
  }
  // Not an assignment: that would set the prototype when the name is __proto__.
  const value = copyOf(operation.value);
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function childOf(parent: JsonValue | undefined, segment: string): JsonValue | undefined {
  if (Array.isArray(parent)) return /^\d+$/.test(segment) ? parent[Number(segment)] : undefined;
  return isJsonObject(parent) ? ownField(parent, segment) : undefined;
}

/** Not structuredClone: where a value occurs twice, that would let a change in one place show in the other. */
function copyOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyOf(field)]));
}

function nothingAt(path: string): RangeError {
  return new RangeError(`There is nothing at "${path}".`);
}
