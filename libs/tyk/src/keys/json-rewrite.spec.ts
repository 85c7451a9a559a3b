import * as fc from 'fast-check';
import { parseJson } from '../json/json-text';
import { anyJson, anyJsonObject } from '../testing/arbitraries';
import { rewriteJson } from './json-rewrite';

const spaced = (value: unknown): string => JSON.stringify(value, null, 2);

describe('rewriting JSON', () => {
  it('keeps what a double cannot hold when another field changes', () => {
    const text = '{"quota_max":9223372036854775807,"rate":1.0,"alias":"a"}';
    expect(rewriteJson(text, { quota_max: 2 ** 63, rate: 1, alias: 'b' })).toBe(
      '{"quota_max":9223372036854775807,"rate":1.0,"alias":"b"}',
    );
  });

  it('keeps it inside objects that change, too', () => {
    const text = '{"rights": {"a": {"limit": {"quota_max": 9223372036854775807, "rate": 1}}, "b\\u0041": null}}';
    expect(rewriteJson(text, { rights: { a: { limit: { quota_max: 2 ** 63, rate: 2 } }, bA: null } })).toBe(
      '{"rights":{"a":{"limit":{"quota_max":9223372036854775807,"rate":2}},"b\\u0041":null}}',
    );
  });

  it('leaves out what is gone and puts what is new at the end', () => {
    expect(rewriteJson('{"a":1,"b":2}', { b: 2, c: [1], a2: {} })).toBe('{"b":2,"c":[1],"a2":{}}');
  });

  it('reads the last of two equal names, as gateways do', () => {
    expect(rewriteJson('{"a":1,"b":0,"a":2}', { a: 2, b: 1 })).toBe('{"b":1,"a":2}');
  });

  it('is not confused by texts that look like structure', () => {
    const text = '{"a":"}],{\\":\\\\","b":{"c":"[,"},"d":1}';
    expect(rewriteJson(text, { a: '}],{":\\', b: { c: '[,' }, d: 2 })).toBe(text.replace('1}', '2}'));
  });

  it('means what it was given, whatever was there before', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyJson, anyJsonObject),
        fc.oneof(anyJson, anyJsonObject),
        fc.boolean(),
        (old, next, wide) => {
          const text = wide ? spaced(old) : JSON.stringify(old);
          expect(parseJson(rewriteJson(text, next))).toEqual(parseJson(JSON.stringify(next)));
        },
      ),
    );
  });

  it('changes nothing when nothing changes', () => {
    fc.assert(
      fc.property(anyJsonObject, (value) => {
        const text = JSON.stringify(value);
        expect(rewriteJson(text, value)).toBe(text);
      }),
    );
  });
});
