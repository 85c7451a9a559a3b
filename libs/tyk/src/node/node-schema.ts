import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';
import { listAt } from '../json/read';
import { toGoPattern } from '../go/go-pattern';
import { NullAcceptance } from './null-acceptance';
import { lookUp, unescapeToken } from '../openapi/references';
import { SchemaParts, writeLimits, type WrittenSchema } from './schema-parts';
import { defineField, type JsonDraft } from '../openapi/values';

/** Where in the document something stands. */
export type Trail = readonly string[];

/** Keywords that mean the same in every version, or nothing to a node. */
const PLAIN: ReadonlySet<string> = new Set([
  ...['title', 'description', 'deprecated', 'format', 'default', 'example'],
  ...['multipleOf', 'maximum', 'minimum', 'uniqueItems', 'required', 'enum', 'readOnly', 'writeOnly'],
]);

/** Counts, which nodes read as unsigned 64-bit integers and JavaScript holds exactly up to 2^53. */
const COUNTS: ReadonlySet<string> = new Set([
  ...['maxLength', 'minLength', 'maxItems', 'minItems', 'maxProperties', 'minProperties'],
]);

/** Lists that OpenAPI 3.0 does not allow to be empty. */
const MAY_NOT_BE_EMPTY: ReadonlySet<string> = new Set(['required', 'enum']);

/** Keywords of 3.1 that 3.0 cannot say. */
const BEYOND: ReadonlySet<string> = new Set([
  ...['patternProperties', 'propertyNames', 'dependentRequired', 'dependentSchemas', 'dependencies', 'if'],
  ...['prefixItems', 'contains', 'unevaluatedItems', 'unevaluatedProperties', '$dynamicRef', '$recursiveRef'],
]);

/** Beside a reference these change nothing about which values are accepted. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...['title', 'summary', 'description', 'deprecated', 'default', 'example', 'examples', 'readOnly', 'writeOnly'],
  ...['$ref', '$defs', '$id', '$schema', '$anchor', '$comment', 'externalDocs', 'xml', 'discriminator'],
]);

/** Accepts no value. The shorter `{ not: {} }` nodes take for an empty schema. */
const NOTHING: JsonObject = { allOf: [{ type: 'string' }, { type: 'boolean' }] };

/** To a node an empty schema accepts everything but null. */
const ANYTHING: JsonObject = { nullable: true };

const COMPONENT = '#/components/schemas/';

/** A reference to a component, as every node reads it; undefined for one that leads elsewhere. */
export function componentReference(reference: string, section: string): string | undefined {
  const start = `#/components/${section}/`;
  if (!reference.startsWith(start) || reference.slice(start.length).includes('/')) return undefined;
  // Names need no escapes, and nodes do not look for any.
  return start + unescapeToken(reference.slice(start.length));
}

/**
 * Writes the schemas of a document so that every node reads them: with the words of OpenAPI 3.0, in patterns that Go
 * knows. Where those cannot say what the author said, the result accepts more than the original, never less.
 */
export class NodeSchemas {
  /** References that lead somewhere a node does not look, and the names of the components that stand in for them. */
  private readonly moved = new Map<string, string>();
  private readonly nulls: NullAcceptance;
  private readonly waiting: { readonly name: string; readonly reference: string }[] = [];

  constructor(
    private readonly document: JsonObject,
    private readonly is30: boolean,
    private readonly lose: (trail: Trail, message: string) => void,
  ) {
    this.nulls = new NullAcceptance(document);
  }

  write(value: JsonValue, trail: Trail): JsonDraft {
    return this.schema(value, trail).schema;
  }

  /** Components for what references elsewhere lead to; ask once everything else is written. */
  movedComponents(): (readonly [name: string, schema: JsonDraft])[] {
    const components: (readonly [string, JsonDraft])[] = [];
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) {
      const target = lookUp(this.document, next.reference) ?? {};
      components.push([next.name, this.write(target, next.reference.slice(2).split('/'))]);
    }
    return components;
  }

  private schema(value: JsonValue, trail: Trail): WrittenSchema {
    if (value === false) return { schema: { ...NOTHING }, exact: true };
    if (!isJsonObject(value)) return { schema: { ...ANYTHING }, exact: true };
    const reference = ownField(value, '$ref');
    if (typeof reference === 'string') return this.referring(value, reference, trail);
    return this.plain(value, trail);
  }

  /** Beside a reference 3.0 allows nothing. */
  private referring(value: JsonObject, reference: string, trail: Trail): WrittenSchema {
    const target: JsonDraft = { $ref: this.reference(reference) };
    const rest = conditionsBeside(value);
    if (this.is30 || rest.length === 0) return { schema: target, exact: true };
    const beside = this.plain(Object.fromEntries(rest), trail);
    const all: JsonDraft = { allOf: [target, beside.schema] };
    return { schema: this.nulls.accepts(value) ? { ...all, nullable: true } : all, exact: beside.exact };
  }

  /** Where a reference leads in the end. Nodes up to 5.8 lose their way where a schema is nothing but a reference. */
  private reference(given: string): string {
    let reference = given;
    for (let next = this.onward(reference); next !== undefined; next = this.onward(reference)) reference = next;
    const component = componentReference(reference, 'schemas');
    if (component !== undefined) return component;
    const known = this.moved.get(reference);
    if (known !== undefined) return COMPONENT + known;
    const name = this.freeName();
    this.moved.set(reference, name);
    this.waiting.push({ name, reference });
    return COMPONENT + name;
  }

  /** Where the schema that a reference leads to sends one on, if it says nothing more. Circles were refused when they were written. */
  private onward(reference: string): string | undefined {
    const target = lookUp(this.document, reference);
    if (!isJsonObject(target) || (!this.is30 && conditionsBeside(target).length > 0)) return undefined;
    const next = ownField(target, '$ref');
    return typeof next === 'string' ? next : undefined;
  }

  private freeName(): string {
    const schemas = lookUp(this.document, '#/components/schemas');
    for (let number = this.moved.size + 1; ; number += 1) {
      const name = `schema-${number}`;
      const isTaken = isJsonObject(schemas) && Object.hasOwn(schemas, name);
      if (!isTaken && ![...this.moved.values()].includes(name)) return name;
    }
  }

  private plain(value: JsonObject, trail: Trail): WrittenSchema {
    const parts = new SchemaParts();
    for (const [name, field] of Object.entries(value)) this.field(parts, value, name, field, [...trail, name]);
    if (!this.is30) writeLimits(parts.schema, value);
    this.writeType(parts, value);
    if (!this.is30 && this.nulls.accepts(value)) parts.schema['nullable'] = true;
    if (parts.schema['readOnly'] === true && parts.schema['writeOnly'] === true) delete parts.schema['writeOnly'];
    return parts.done();
  }

  private field(parts: SchemaParts, owner: JsonObject, name: string, field: JsonValue, trail: Trail): void {
    if (MAY_NOT_BE_EMPTY.has(name) && listAt(field).length === 0) this.empty(parts, name);
    else if (name.startsWith('x-') || PLAIN.has(name)) defineField(parts.schema, name, field);
    else if (name.startsWith('exclusive') && this.is30) parts.schema[name] = field;
    else if (name === 'nullable' && typeof field === 'boolean') parts.schema['nullable'] = field;
    else if (name === 'discriminator' && isDiscriminator(field)) parts.schema['discriminator'] = field;
    else if (COUNTS.has(name)) this.count(parts, name, field);
    else if (BEYOND.has(name)) {
      this.lose(trail, 'is not checked: nodes read schemas as OpenAPI 3.0 has them');
      parts.exact = false;
    } else if (name === 'pattern') this.pattern(parts, field, trail);
    else if (name === 'const') parts.require({ enum: [field] });
    else if (name === 'examples') this.firstExample(parts, owner, field);
    else if (name === 'properties') this.properties(parts, field, trail);
    else if (name === 'items') this.items(parts, owner, field, trail);
    else if (name === 'additionalProperties') this.additional(parts, owner, field, trail);
    else if (name === 'not') this.negation(parts, field, trail);
    else if (name === 'allOf' || name === 'anyOf' || name === 'oneOf') this.alternatives(parts, name, field, trail);
  }

  private empty(parts: SchemaParts, name: string): void {
    if (name === 'enum') parts.require({ ...NOTHING });
  }

  private count(parts: SchemaParts, name: string, field: JsonValue): void {
    if (typeof field !== 'number') return;
    parts.schema[name] = Math.min(field, Number.MAX_SAFE_INTEGER);
  }

  private pattern(parts: SchemaParts, field: JsonValue, trail: Trail): void {
    const pattern = typeof field === 'string' ? toGoPattern(field) : null;
    if (pattern !== null) {
      parts.schema['pattern'] = pattern;
      return;
    }
    this.lose(trail, 'is not checked: it is no regular expression for Go, in which nodes are written');
    parts.exact = false;
  }

  private firstExample(parts: SchemaParts, owner: JsonObject, field: JsonValue): void {
    const [first] = listAt(field);
    if (first !== undefined && !Object.hasOwn(owner, 'example')) parts.schema['example'] = first;
  }

  private properties(parts: SchemaParts, field: JsonValue, trail: Trail): void {
    const written: JsonDraft = {};
    for (const [name, schema] of Object.entries(isJsonObject(field) ? field : {})) {
      defineField(written, name, parts.take(this.schema(schema, [...trail, name])));
    }
    parts.schema['properties'] = written;
  }

  private items(parts: SchemaParts, owner: JsonObject, field: JsonValue, trail: Trail): void {
    // Behind a prefix `items` speaks of the rest alone.
    parts.schema['items'] = Object.hasOwn(owner, 'prefixItems')
      ? { ...ANYTHING }
      : parts.take(this.schema(field, trail));
  }

  private additional(parts: SchemaParts, owner: JsonObject, field: JsonValue, trail: Trail): void {
    // What a pattern names is not additional; without the patterns nobody can tell.
    if (Object.hasOwn(owner, 'patternProperties')) return;
    parts.schema['additionalProperties'] = typeof field === 'boolean' ? field : parts.take(this.schema(field, trail));
  }

  /** The opposite of what accepts more accepts less. */
  private negation(parts: SchemaParts, field: JsonValue, trail: Trail): void {
    const { schema, exact } = this.schema(field, trail);
    if (!exact) parts.exact = false;
    else if (acceptsAnything(schema)) parts.require({ ...NOTHING });
    else parts.schema['not'] = schema;
  }

  private alternatives(parts: SchemaParts, name: 'allOf' | 'anyOf' | 'oneOf', field: JsonValue, trail: Trail): void {
    const all = listAt(field).map((schema, index) => this.schema(schema, [...trail, String(index)]));
    const schemas = all.map((one) => parts.take(one));
    if (name === 'allOf')
      schemas.forEach((schema) => {
        parts.require(schema);
      });
    // Of alternatives that accept more than they should, several may match.
    else if (name === 'oneOf' && all.every(({ exact }) => exact)) parts.schema['oneOf'] = schemas;
    else if (parts.schema['anyOf'] === undefined) parts.schema['anyOf'] = schemas;
    else parts.require({ anyOf: schemas });
  }

  private writeType(parts: SchemaParts, value: JsonObject): void {
    const type = ownField(value, 'type');
    const types = (Array.isArray(type) ? type : [type]).filter(
      (one): one is string => typeof one === 'string' && one !== 'null',
    );
    const [only] = types;
    if (types.length === 1 && only !== undefined) parts.schema['type'] = only;
    else if (types.length > 1) parts.require({ anyOf: types.map((one) => typed(one, value)) });
    else if (type !== undefined && type !== null) parts.require({ enum: [null], nullable: true });
    if (only === 'array' && types.length === 1) parts.schema['items'] ??= { ...ANYTHING };
  }
}

/** What a schema demands beside a reference. */
const conditionsBeside = (schema: JsonObject): (readonly [string, JsonValue])[] =>
  Object.entries(schema).filter(([name]) => !ANNOTATIONS.has(name) && !name.startsWith('x-'));

/** In 3.1 nobody has looked at it, and a node does not decode any other. */
const isDiscriminator = (value: JsonValue): boolean => {
  if (!isJsonObject(value) || typeof value['propertyName'] !== 'string') return false;
  const mapping = value['mapping'] ?? {};
  return isJsonObject(mapping) && Object.values(mapping).every((each) => typeof each === 'string');
};

const acceptsAnything = (schema: JsonObject): boolean => Object.keys(schema).every((name) => name === 'nullable');

const typed = (type: JsonValue, value: JsonObject): JsonDraft => ({
  type,
  ...(type === 'array' ? { items: { ...ANYTHING } } : {}),
  ...(listAt(value, 'type').includes('null') ? { nullable: true } : {}),
});
