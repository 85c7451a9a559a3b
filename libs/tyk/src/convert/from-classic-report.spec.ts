import * as fc from 'fast-check';
import { definitionSchema } from '../check/classic/definition-schema';
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { checkDefinition } from '../check/classic/check-definition';
import { at, objectAt, textAt } from '../json/read';
import type { Problem } from '../schema/check';
import { describePath } from '../schema/path';
import { migrateToOas } from './from-classic';
import { HARMLESS, samples } from '../testing/classic-fields';
import { deriveClassicDefinition } from './to-classic';
import { checkOas } from '../check/oas/validate';
import { defineField, isUnset, sameMeaning, without, writeAt, type JsonDraft } from '../openapi/values';

/** Older names, which move into `scopes` where their method is on. */
const MOVED = /^jwt_scope_(claim_name|to_policy_mapping)/u;

type Segments = readonly string[];

/**
 * Without the switches, since what is off stands in the document and not in the definition that older nodes get, without
 * actions of single methods, each of which is an operation of its own, and without the protocol of a check, which moves into
 * its URL.
 */
const fields = samples(definitionSchema, [], (value) => value).filter(
  ({ segments }) =>
    !/(^|_)disabled$/u.test(segments.at(-1) ?? '') &&
    !segments.includes('method_actions') &&
    !segments.join('.').endsWith('check_list.0.protocol'),
);

/** Adds what the other value has; lists are merged entry by entry. */
function merged(value: JsonValue, other: JsonValue): JsonValue {
  if (Array.isArray(value) && Array.isArray(other)) {
    const [first, ...rest] = value;
    const [added] = other;
    return first === undefined || added === undefined ? value : [merged(first, added), ...rest];
  }
  if (!isJsonObject(value) || !isJsonObject(other)) return value;
  const result: JsonDraft = { ...value };
  for (const [name, field] of Object.entries(other)) {
    const own = at(value, name);
    defineField(result, name, own === undefined ? field : merged(own, field));
  }
  return result;
}

/** The value with a field in the object that `choice` picks among all objects of the value. */
function withField(value: JsonObject, choice: number, name: string, field: JsonValue): JsonObject {
  const copy = structuredClone(value);
  const objects: JsonDraft[] = [];
  const collect = (inner: JsonValue): void => {
    if (Array.isArray(inner)) inner.forEach(collect);
    if (!isJsonObject(inner)) return;
    objects.push(inner);
    Object.values(inner).forEach(collect);
  };
  collect(copy);
  const target = objects[choice % objects.length];
  if (target !== undefined) defineField(target, name, field);
  return copy;
}

function leavesOf(value: JsonValue, segments: Segments = []): { segments: Segments; value: JsonValue }[] {
  if (isUnset(value)) return [];
  if (typeof value !== 'object' || value === null) return [{ segments, value }];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, [...segments, name]));
}

/** Where the derived definition has what stands at `segments`: its only version has no name. */
function derivedAt(derived: JsonObject, definition: JsonObject, segments: Segments): JsonValue | undefined {
  const [first, second, , ...rest] = segments;
  const place = first === 'version_data' && second === 'versions' ? [first, second, '', ...rest] : segments;
  return place.reduce<JsonValue | undefined>((found, name, index) => {
    if (!Array.isArray(found)) return at(found, name);
    const original = segments.slice(0, index + 1).reduce<JsonValue | undefined>(stepInto, definition);
    const path = `/${textAt(original, 'path')}`.replace(/^\/\//u, '/');
    // Entries of lists of paths come back in the order of the document.
    const same = found.find((entry) => path !== '/' && textAt(entry, 'path') === path);
    return same ?? found[Number(name)];
  }, derived);
}

function stepInto(found: JsonValue | undefined, name: string): JsonValue | undefined {
  return Array.isArray(found) ? found[Number(name)] : at(found, name);
}

/** A report names the value itself, something that holds it, or a part of it. */
function isReported(report: readonly Problem[], leaf: string): boolean {
  const path = plain(leaf);
  return report.some((problem) => {
    const reported = plain(problem.path);
    const [short, long] = reported.length < path.length ? [reported, path] : [path, reported];
    return long === short || long.startsWith(`${short}.`) || long.startsWith(`${short}[`);
  });
}

/** An entry of a list of paths is lost as a whole where what it does is lost. */
function placeOf(path: string): string {
  return path.replace(/(\[0\])\.(?:path|method)$/u, '$1');
}

/** Reports write a name after a dot wherever it can stand there, descriptions only one that the schema knows. */
function plain(path: string): string {
  return path.replaceAll(/\["((?:[^"\\]|\\.)*)"\]/gu, '.$1').replace(/^\./u, '');
}

function silentlyLost(definition: JsonObject): string[] {
  const { oas, report } = migrateToOas(definition);
  expect(checkOas(oas)).toEqual([]);
  const derived = deriveClassicDefinition(oas);
  return leavesOf(definition)
    .filter(({ segments, value }) => !sameMeaning(derivedAt(derived, definition, segments), value))
    .map(({ segments }) => describePath(segments, definition, definitionSchema))
    .filter(
      (path) => !isReported(report, placeOf(path)) && ![...HARMLESS, MOVED].some((pattern) => pattern.test(path)),
    );
}

const anyFields = fc
  .array(fc.constantFrom(...fields), { minLength: 1, maxLength: 12 })
  .map((chosen) =>
    chosen.reduce<JsonObject>((all, { definition }) => {
      const both = merged(all, definition);
      return isJsonObject(both) ? both : all;
    }, {}),
  )
  .map(withOneVersion);

/** Each sample brings a version, of the one name or the other. */
function withOneVersion(definition: JsonObject): JsonObject {
  const versions = objectAt(definition, 'version_data', 'versions');
  const copy: JsonDraft = { ...definition };
  if (versions['some.key'] !== undefined) writeAt(copy, 'version_data.versions', without(versions, 'Default'));
  return copy;
}

describe('a migrated definition', () => {
  it('carries or reports every field of it, whichever stand together', () => {
    fc.assert(
      fc.property(anyFields, (definition) => {
        expect(silentlyLost(definition)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('reports a field that nobody knows, wherever it stands', () => {
    const name = fc.constantFrom('unknown', 'odd name', '__proto__', 'a.b', 'Disabled');
    const value = fc.constantFrom<JsonValue[]>('text', 7, true, ['item'], { inner: { deep: 'text' } });
    fc.assert(
      fc.property(anyFields, fc.nat(), name, value, (definition, choice, unknown, content) => {
        const changed = withField(definition, choice, unknown, content);
        // In a map the field is an entry like others, and has to be one.
        fc.pre(checkDefinition(changed).length === 0);
        expect(silentlyLost(changed)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
