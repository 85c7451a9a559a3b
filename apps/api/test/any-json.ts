import * as fc from 'fast-check';
import type { Json } from './configuration';

/** Names that storage and languages are known to stumble over, beside any other. */
const anyName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'a.b', '$set', '', 'org_id', 'id', 'version', '\ud800', '- x', 'null'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

/** Doubles: what JSON texts say beyond them is no matter of documents but of the parser. */
const anyNumber = fc.oneof(
  fc.integer(),
  fc.constantFrom(2 ** 53 - 1, 2 ** 53, -(2 ** 63), 1e21, Number.MAX_VALUE, Number.MIN_VALUE, 0.1),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
);

/** Any JSON object, with own fields named `__proto__` and the like, and lone surrogates. */
export const anyJsonObject: fc.Arbitrary<Json> = fc.letrec<{ value: unknown; object: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    anyNumber,
    anyName,
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(anyName, tie('value')), { maxLength: 5 })
    .map((entries) => Object.fromEntries<unknown>(entries)),
})).object;
