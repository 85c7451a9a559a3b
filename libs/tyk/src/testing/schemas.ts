import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../json/json-text';

type Keywords = Readonly<Record<string, fc.Arbitrary<JsonValue>>>;

const types = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'] as const;
const limit: fc.Arbitrary<JsonValue> = fc.integer({ min: -2, max: 6 });
const count: fc.Arbitrary<JsonValue> = fc.integer({ min: 0, max: 2 });

/** Values that the schemas here are about. */
export const smallValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), limit, fc.constantFrom(0.5, 1.5), fc.constantFrom('', 'a', 'ab', 'zz')),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const simple: Keywords = {
  enum: fc.uniqueArray(smallValue, { minLength: 1, maxLength: 3, selector: (value) => JSON.stringify(value) }),
  const: smallValue,
  minimum: limit,
  maximum: limit,
  exclusiveMinimum: limit,
  exclusiveMaximum: limit,
  minLength: count,
  maxLength: fc.oneof(count, fc.constant(1e30)),
  pattern: fc.constantFrom('^a', 'b$', '^(?!a)', String.raw`(a)\1`),
  minItems: count,
  uniqueItems: fc.boolean(),
  required: fc.uniqueArray(fc.constantFrom('a', 'b')),
  dependentRequired: fc.constant<JsonObject>({ a: ['b'] }),
  propertyNames: fc.constant<JsonObject>({ pattern: '^a' }),
};

const nesting = (schema: fc.Arbitrary<JsonValue>): Keywords => {
  const some: fc.Arbitrary<JsonValue> = fc.array(schema, { minLength: 1, maxLength: 2 });
  return {
    properties: fc.dictionary(fc.constantFrom('a', 'b'), schema, { maxKeys: 2 }),
    patternProperties: fc.dictionary(fc.constant('^c'), schema),
    additionalProperties: schema,
    unevaluatedProperties: schema,
    items: schema,
    prefixItems: some,
    contains: schema,
    allOf: some,
    anyOf: some,
    oneOf: some,
    not: schema,
    if: schema,
    then: schema,
  };
};

/** Few keywords at a time: with many of them no value is ever accepted. */
const few = (keywords: Keywords): fc.Arbitrary<JsonObject> => {
  const type = fc.oneof(
    fc.constantFrom(...types),
    fc.uniqueArray(fc.constantFrom(...types), { minLength: 1, maxLength: 3 }),
  );
  const named = Object.entries(keywords).map(([name, value]) => fc.tuple(fc.constant(name), value));
  return fc
    .tuple(fc.option(type), fc.array(fc.oneof(...named), { maxLength: 3 }))
    .map(([one, others]): JsonObject => ({ ...(one === null ? {} : { type: one }), ...Object.fromEntries(others) }));
};

const reference = fc.constantFrom(
  ...['#/components/schemas/A', '#/components/schemas/B', '#/components/schemas/A/$defs/X'],
);

/** Schemas of OpenAPI 3.1, with references to `A`, `B` and into `A`; not all of them make sense. */
export const anySchema: fc.Arbitrary<JsonValue> = fc.letrec<{ schema: JsonValue }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    few(simple),
    fc.boolean(),
    few({ ...simple, ...nesting(tie('schema')) }),
    reference.map(($ref): JsonObject => ({ $ref })),
    fc.tuple(reference, few(simple)).map(([$ref, beside]): JsonObject => ({ $ref, description: 'x', ...beside })),
  ),
})).schema;
