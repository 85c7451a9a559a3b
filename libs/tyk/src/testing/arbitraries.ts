import * as fc from 'fast-check';
import { anyText } from '../../../../test/support/any-text';
import type { JsonObject, JsonValue } from '../json/json-text';

/** Field names that break careless code, beside arbitrary ones (lone surrogates included). */
const anyName = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'length',
    'a.b',
    '$set',
    '',
    'a/b',
    '~1',
    '~',
    '0',
    '-',
    'ünï',
  ),
  anyText(8),
  fc.constantFrom('a', 'b', 'c'),
  fc.constantFrom('\ud800', '\udc00x'),
);

const anyNumber = fc.oneof(
  fc.integer(),
  // JSON has no NaN and no infinity, and JSON.stringify writes -0 as 0.
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
);

const json = fc.letrec<{ value: JsonValue; object: JsonObject; array: JsonValue[] }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), anyNumber, anyText(12), anyName),
    tie('object'),
    tie('array'),
  ),
  object: fc
    .array(fc.tuple(anyName, tie('value')), { maxLength: 6 })
    .map((entries): JsonObject => Object.fromEntries(entries)),
  array: fc.array(tie('value'), { maxLength: 6 }),
}));

/** Any JSON value, with own fields named `__proto__` and the like. */
export const anyJson: fc.Arbitrary<JsonValue> = json.value;

/** Any JSON object, with own fields named `__proto__` and the like. */
export const anyJsonObject: fc.Arbitrary<JsonObject> = json.object;
