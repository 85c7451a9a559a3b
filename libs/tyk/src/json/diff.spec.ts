import * as fc from 'fast-check';
import { applyDiff, diffJson, type DiffOperation } from './diff';
import { canonicalJson, isJsonObject, parseJson, type JsonValue } from './json-text';
import { anyJson } from '../testing/arbitraries';

/** Pairs that have much in common, as two versions of a document have; beside pairs that have nothing in common. */
const anyPair = fc.oneof(
  fc.tuple(anyJson, anyJson),
  fc
    .tuple(anyJson, anyJson, fc.infiniteStream(fc.nat(9)))
    .map(([base, other, dice]): [JsonValue, JsonValue] => [base, mutate(base, other, () => Number(dice.next().value))]),
);

function mutate(value: JsonValue, other: JsonValue, roll: () => number): JsonValue {
  if (roll() === 0) return other;
  if (Array.isArray(value)) {
    return value.flatMap((item): JsonValue[] => {
      const choice = roll();
      if (choice === 0) return [];
      return choice === 1 ? [other, item] : [mutate(item, other, roll)];
    });
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).flatMap(([name, field]): [string, JsonValue][] =>
    roll() === 0 ? [] : [[name, mutate(field, other, roll)]],
  );
  return Object.fromEntries(roll() === 0 ? [...entries, ['__proto__', other]] : entries);
}

/** Undoes the operations, which is possible only if each `before` is right. */
function inverse(operations: DiffOperation[]): DiffOperation[] {
  return operations.toReversed().map((operation): DiffOperation => {
    const { op, path } = operation;
    if (op === 'add') return { op: 'remove', path, before: operation.value };
    if (op === 'remove') return { op: 'add', path, value: operation.before };
    return { op, path, before: operation.value, value: operation.before };
  });
}

const json = (text: string) => parseJson(text);

describe('diff', () => {
  it('applied to the old value gives the new one, and leaves both alone', () => {
    fc.assert(
      fc.property(anyPair, ([before, after]) => {
        const texts = [JSON.stringify(before), JSON.stringify(after)];
        const result = applyDiff(before, diffJson(before, after));
        expect(canonicalJson(result)).toBe(canonicalJson(after));
        expect([JSON.stringify(before), JSON.stringify(after)]).toEqual(texts);
      }),
      { numRuns: 500 },
    );
  });

  it('can be undone from what it says was there before', () => {
    fc.assert(
      fc.property(anyPair, ([before, after]) => {
        const result = applyDiff(after, inverse(diffJson(before, after)));
        expect(canonicalJson(result)).toBe(canonicalJson(before));
      }),
      { numRuns: 500 },
    );
  });

  it('is empty exactly when the data is the same', () => {
    fc.assert(
      fc.property(anyPair, ([before, after]) => {
        expect(diffJson(before, after).length === 0).toBe(canonicalJson(before) === canonicalJson(after));
      }),
    );
    expect(diffJson(json('{"a":-0,"b":[-0]}'), json('{"b":[0],"a":0}'))).toEqual([]);
  });

  it('says what changed in a definition', () => {
    const before = { name: 'a', proxy: { listen_path: '/a/' }, 'a/b~c': 1, tags: ['x'] };
    const after = { name: 'b', proxy: { listen_path: '/a/', target_url: 'http://x' }, tags: ['x', 'y'] };
    expect(diffJson(before, after)).toEqual([
      { op: 'replace', path: '/name', before: 'a', value: 'b' },
      { op: 'add', path: '/proxy/target_url', value: 'http://x' },
      { op: 'remove', path: '/a~1b~0c', before: 1 },
      { op: 'add', path: '/tags/1', value: 'y' },
    ]);
  });

  it('sees an insertion or removal in a long list as one', () => {
    const list = Array.from({ length: 5000 }, (_, id) => ({ id }));
    const longer = [...list.slice(0, 7), { id: -1 }, ...list.slice(7)];
    expect(diffJson(list, longer)).toEqual([{ op: 'add', path: '/7', value: { id: -1 } }]);
    expect(diffJson(longer, list)).toEqual([{ op: 'remove', path: '/7', before: { id: -1 } }]);
  });

  it('replaces a whole value when its kind changes', () => {
    expect(diffJson({ a: [1] }, { a: { 0: 1 } })).toEqual([
      { op: 'replace', path: '/a', before: [1], value: { 0: 1 } },
    ]);
    expect(diffJson(1, null)).toEqual([{ op: 'replace', path: '', before: 1, value: null }]);
  });

  it.each<[JsonValue, DiffOperation]>([
    [{}, { op: 'remove', path: '/a', before: 1 }],
    [{}, { op: 'replace', path: '/toString', before: 1, value: 2 }],
    [{}, { op: 'add', path: '/a/b', value: 1 }],
    [{}, { op: 'add', path: '/__proto__/polluted', value: 1 }],
    [[1], { op: 'remove', path: '/1', before: 1 }],
    [[1], { op: 'add', path: '/3', value: 1 }],
    [[1], { op: 'add', path: '/-', value: 1 }],
    [[1], { op: 'replace', path: '/length', before: 1, value: 0 }],
    ['text', { op: 'add', path: '/0', value: 1 }],
  ])('refuses, on %j, %j', (document, operation) => {
    expect(() => applyDiff(document, [operation])).toThrow(RangeError);
    expect('polluted' in {}).toBe(false);
  });
});
