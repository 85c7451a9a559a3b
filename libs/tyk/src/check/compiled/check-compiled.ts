import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../../json/json-text';
import type { Problem } from '../../schema/check';
import { entryPath } from '../../schema/path';
import type { CompiledField } from './fields';
import { Compiler, MOST_OF_DOCUMENT } from './kinds';

/** More than this nobody reads. */
const MAX_PROBLEMS = 50;

/** A value that a field names, with its place and the object that it stands in. */
interface Found {
  readonly value: JsonValue;
  readonly path: string;
  readonly owner: JsonObject;
}

/**
 * The fields of a document that gateways cannot compile. Stored and served, some of them let everybody in, some take the gateway
 * down with each request, and none is seen before.
 *
 * @param document one whose fields have the right types
 * @param most what its patterns may weigh together
 */
export function checkCompiled(
  document: JsonObject,
  fields: readonly CompiledField[],
  most: number = MOST_OF_DOCUMENT,
): Problem[] {
  const compiler = new Compiler(most);
  const problems: Problem[] = [];
  for (const { at, as, when } of fields) {
    for (const { value, path, owner } of find({ value: document, path: '', owner: document }, stepsOf(at))) {
      if (when !== undefined && !when(owner, document)) continue;
      const fault = compiler.faultOf(value, as);
      if (fault !== undefined) problems.push({ path: path + fault.below, message: fault.message });
      if (problems.length >= MAX_PROBLEMS) return problems;
    }
  }
  return problems;
}

/** `a.*[].b` as `a`, `*`, `[]`, `b`. */
function stepsOf(at: string): string[] {
  return at.split('.').flatMap((step) => (step.endsWith('[]') ? [step.slice(0, -2), '[]'] : [step]));
}

function* find(from: Found, [step, ...rest]: readonly string[]): Generator<Found> {
  if (step === undefined) {
    yield from;
    return;
  }
  const { value, path } = from;
  if (step === '[]') {
    if (!Array.isArray(value)) return;
    for (const [index, item] of value.entries())
      yield* find({ ...from, value: item, path: entryPath(path, index) }, rest);
    return;
  }
  if (!isJsonObject(value)) return;
  if (step === '*') {
    for (const [key, item] of Object.entries(value)) {
      yield* find({ value: item, path: entryPath(path, key), owner: value }, rest);
    }
    return;
  }
  const field = ownField(value, step);
  if (field === undefined) return;
  yield* find({ value: field, path: path === '' ? step : `${path}.${step}`, owner: value }, rest);
}
