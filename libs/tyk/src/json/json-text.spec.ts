import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import {
  JsonTextError,
  appendFields,
  canonicalJson,
  contentDigest,
  isSameJson,
  isJsonObject,
  ownField,
  parseJson,
  type JsonObject,
  type JsonValue,
} from './json-text';
import { anyJson, anyJsonObject } from '../testing/arbitraries';

/** The same data with the fields of every object in reverse order. */
function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, field]) => [name, reversed(field)]),
  );
}

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

function refusalOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    return error instanceof JsonTextError ? error.reason : error;
  }
}

describe('parseJson', () => {
  it('reads what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(JSON.stringify(parseJson(JSON.stringify(value)))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('keeps __proto__ as a field and pollutes nothing', () => {
    const value = parseJson('{"__proto__":{"polluted":true},"constructor":1}');
    expect(Object.keys(value ?? {})).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);

    // What may be used to copy such an object, and what may not: the reason for the read-only type.
    const source = value as JsonObject;
    expect(JSON.stringify({ ...source })).toBe('{"__proto__":{"polluted":true},"constructor":1}');
    expect(JSON.stringify(Object.fromEntries(Object.entries(source)))).toBe(JSON.stringify(source));
    expect(Object.getPrototypeOf(Object.assign({}, source))).not.toBe(Object.prototype);
  });

  it('allows exactly the depth it was told', () => {
    expect(parseJson(nested(3), 3)).toEqual([[[]]]);
    expect(() => parseJson(nested(4), 3)).toThrow(JsonTextError);
    expect(() => parseJson(`{"a":${nested(3)}}`, 3)).toThrow('deeper than 3');
    expect(parseJson('"flat"', 0)).toBe('flat');
  });

  it('refuses a text nested a million deep without exhausting the stack', () => {
    expect(refusalOf(nested(1_000_000))).toBe('depth');
  });

  it.each(['', ' ', '{', '{"a":1,}', "{'a':1}", 'NaN', '{} {}', '\ufeff{}', '// c\n{}', 'undefined'])(
    'refuses %j',
    (text) => {
      expect(refusalOf(text)).toBe('syntax');
    },
  );
});

describe('numbers of parseJson', () => {
  it.each(['1e400', '-1e400', '[{"a":[1,-2e308]}]'])('refuses %s, which would come back as null', (text) => {
    expect(refusalOf(text)).toBe('number');
  });

  it.each([
    ['1.0', '1'],
    ['1e2', '100'],
    ['-0', '0'],
    ['1.7976931348623157e308', '1.7976931348623157e+308'],
    ['1e-400', '0'],
    ['9007199254740991', '9007199254740991'],
    // Beyond 2^53 the nearest double is what is kept, for good.
    ['9007199254740993', '9007199254740992'],
    ['12345678901234567890', '12345678901234567000'],
  ])('reads %s as %s, and that as itself', (text, kept) => {
    expect(JSON.stringify(parseJson(text))).toBe(kept);
    expect(JSON.stringify(parseJson(kept))).toBe(kept);
  });
});

describe('ownField', () => {
  it('sees own fields only', () => {
    expect(ownField({}, 'constructor')).toBeUndefined();
    expect(ownField({}, '__proto__')).toBeUndefined();
    expect(ownField(parseJson('{"__proto__":1}') as JsonObject, '__proto__')).toBe(1);
  });
});

describe('canonicalJson', () => {
  it('is the same data', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(parseJson(canonicalJson(value))).toEqual(parseJson(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order of fields, and says so in the digest', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
        expect(contentDigest(reversed(value))).toBe(contentDigest(value));
        expect(isSameJson(reversed(value), value)).toBe(true);
      }),
    );
  });

  it('tells different data apart', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        expect(canonicalJson(a) === canonicalJson(b)).toBe(isDeepStrictEqual(a, b));
        expect(isSameJson(a, b)).toBe(isDeepStrictEqual(a, b));
      }),
    );
  });

  it('sorts by code unit and keeps lone surrogates and __proto__', () => {
    const value = parseJson('{"b":1,"__proto__":2,"a":{"z":[],"y":{}},"\\ud800":"\\udc00","B":1e2}');
    expect(canonicalJson(value)).toBe('{"B":100,"__proto__":2,"a":{"y":{},"z":[]},"b":1,"\\ud800":"\\udc00"}');
  });

  it('has a digest that anyone can recompute', () => {
    // sha256 of {"a":1,"b":2}
    expect(contentDigest({ b: 2, a: 1 })).toBe('43258cff783fe7036d8a43033f830adfc60ec037382473548ac742b888292777');
  });
});

describe('appendFields', () => {
  it('gives the document and the fields after it', () => {
    fc.assert(
      fc.property(anyJsonObject, anyJsonObject, fc.constantFrom(undefined, 2), (document, fields, indent) => {
        const text = appendFields(JSON.stringify(document, null, indent), fields);
        expect(parseJson(text)).toEqual(parseJson(JSON.stringify({ ...document, ...fields })));
      }),
    );
  });

  it.each([
    ['{}', { version: 3 }, '{"version":3}'],
    [' { \n} ', { version: 3 }, '{"version":3}'],
    ['{"a":{}}', { version: 3, etag: 'x' }, '{"a":{},"version":3,"etag":"x"}'],
    ['{"a":1}', {}, '{"a":1}'],
    ['{}', {}, '{}'],
  ])('%j and %j', (text, fields, expected) => {
    expect(appendFields(text, fields)).toBe(expected);
  });

  it.each(['[]', 'null', '', '{', '"}"'])('refuses %j', (text) => {
    expect(() => appendFields(text, { a: 1 })).toThrow(RangeError);
  });
});
