import * as fc from 'fast-check';
import type { JsonValue } from '@castellan/tyk';
import { readYaml, writeYaml, YamlError } from './yaml';

const awkwardText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom(' ', '\n', '\t', '\r', 'a', ':', '-', '#', '"', "'", '\\', '|', '>', '\ud800', '\u0085', '0'),
    maxLength: 10,
  }),
  fc.constantFrom('', '~', 'null', 'yes', '1e3', '0x1F', '2020-01-01', '<<', '&a', '*a', '__proto__', '\ufeff'),
);

const anyValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    awkwardText,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(awkwardText, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

describe('YAML', () => {
  it('gives back what was written, whatever it is, over a wire of UTF-8', async () => {
    // One document for many values, because each reading starts a thread.
    await fc.assert(
      fc.asyncProperty(fc.array(anyValue, { minLength: 50, maxLength: 100 }), async (values) => {
        const text = Buffer.from(writeYaml(values)).toString('utf8');
        expect(JSON.stringify(await readYaml(text))).toBe(JSON.stringify(values));
      }),
      { numRuns: 20 },
    );
  });

  it('writes lines that can be compared', () => {
    expect(writeYaml({ name: 'Echo', tags: ['eu'], text: 'one\n\n  two\n' })).toBe(
      'name: Echo\ntags:\n  - eu\ntext: |\n  one\n\n    two\n',
    );
  });

  it.each([
    ['no YAML', 'a: [1'],
    ['one name twice', 'a: 1\na: 2'],
    ['an alias to nothing', '*a'],
    ['a document that grows beyond measure', bomb()],
    ['a number beyond the range of JSON, which would come back as null', 'a: 1e400'],
    ['infinity', 'a: -.inf'],
    ['what is no number', 'a: [.nan]'],
  ])('refuses %s', async (_, text) => {
    await expect(readYaml(text)).rejects.toThrow(YamlError);
  });

  it('takes JSON, which is YAML, and nothing at all', async () => {
    await expect(readYaml('{"a":[1]}')).resolves.toEqual({ a: [1] });
    await expect(readYaml('')).resolves.toBeNull();
  });
});

function bomb(): string {
  const levels = Array.from({ length: 8 }, (_, level) => {
    const parts = Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*l${level - 1}`));
    return `l${level}: &l${level} [${parts.join(', ')}]`;
  });
  return levels.join('\n');
}
