import * as fc from 'fast-check';
import type { JsonValue } from '@castellan/tyk';
import { anyText } from '../../../../test/support/any-text';
import { readYaml, writeYaml } from './yaml';

const awkwardText = fc.oneof(
  anyText(12),
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
    ['an alias inside of what it stands for', 'a: &a [*a]'],
    ['a merge of what is no object', 'a: { <<: 1 }'],
    ['an integer that cannot be kept exactly', 'quota_max: 9223372036854775807'],
    ['a number beyond the range of JSON, which would come back as null', 'a: 1e400'],
    ['infinity', 'a: -.inf'],
    ['what is no number', 'a: [.nan]'],
  ])('refuses %s', async (_, text) => {
    await expect(readYaml(text)).rejects.toMatchObject({ status: 400, code: 'malformed_json' });
  });

  it.each([
    ['a thousand times', `${'['.repeat(1_000)}${']'.repeat(1_000)}`],
    ['without end', '['.repeat(100_000)],
  ])('says so of a document that is nested %s', async (_, text) => {
    const message = expect.stringMatching(/nested deeper than|too nested/u) as unknown;
    await expect(readYaml(text)).rejects.toMatchObject({ status: 400, message });
  });

  it.each(['', '%YAML 1.1\n---\n', '%YAML 1.2\n---\n'])('resolves merge keys, after %j as well', async (head) => {
    const text = [
      'base: &base { rate: 5, per: 60, allow: [10.0.0.1] }',
      'other: &other { rate: 7, quota: 1 }',
      'one: { <<: *base, rate: 9 }',
      'two: { rate: 9, <<: *base }',
      'three: { <<: [*base, *other] }',
      'four: { <<: { a: { <<: *other } } }',
    ].join('\n');
    await expect(readYaml(head + text)).resolves.toEqual({
      base: { rate: 5, per: 60, allow: ['10.0.0.1'] },
      other: { rate: 7, quota: 1 },
      one: { rate: 9, per: 60, allow: ['10.0.0.1'] },
      two: { rate: 9, per: 60, allow: ['10.0.0.1'] },
      three: { rate: 5, per: 60, allow: ['10.0.0.1'], quota: 1 },
      four: { a: { rate: 7, quota: 1 } },
    });
  });

  it('reads a text with a byte order mark as JSON is read with one', async () => {
    await expect(readYaml('\ufeffa: 1\nb: x')).resolves.toEqual({ a: 1, b: 'x' });
  });

  it('keeps a field that is called like a merge key', async () => {
    await expect(readYaml(writeYaml({ '<<': { a: 1 }, b: '<<' }))).resolves.toEqual({ '<<': { a: 1 }, b: '<<' });
  });

  it.each([
    ['that grows beyond measure', bomb(9)],
    // 450 KB that come to 2 GB, with no alias used more often than real documents do.
    ['of a moderate number of aliases', `x: &x ${'y'.repeat(300_000)}\nl: [${'*x,'.repeat(7_000)}]`],
    // Short when it is written out, but looking each of them up takes the square of their number.
    ['of more aliases than anybody writes', `x: &x 1\nl: [${'*x,'.repeat(50_000)}]`],
  ])('refuses a document %s, before it is written out', async (_, text) => {
    await expect(readYaml(text)).rejects.toMatchObject({ status: 413, code: 'body_too_large' });
  });

  it('takes aliases as long as what they come to is no larger than other bodies', async () => {
    const text = `base: &base { text: ${'x'.repeat(100)} }\nlist:\n${'  - *base\n'.repeat(1_000)}`;
    const value = await readYaml(text);
    expect(JSON.stringify(value).match(/x{100}/g)).toHaveLength(1_001);
    await expect(readYaml(text, 100_000)).rejects.toMatchObject({ status: 413 });
  });

  it('refuses what takes more memory than the thread has, and goes on with another thread', async () => {
    // The lines of one text: many small values would keep the garbage collector busy for long before it gives up.
    await expect(readYaml(`a: |\n${' x\n'.repeat(4 * 1024 * 1024)}`)).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('send it as JSON') as string,
    });
    await expect(readYaml('a: 1')).resolves.toEqual({ a: 1 });
  });

  it.each(['a: 1\n---\nb: 2\n', 'a: 1\n...\n---\n', '---\n---\n---\n'])(
    'takes one document a text, not %j',
    async (text) => {
      await expect(readYaml(text)).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('it holds several documents') as string,
      });
      await expect(readYaml(`--- \na: 1\n...\n`)).resolves.toEqual({ a: 1 });
    },
  );

  it('asks to come back when too many are read at once, and reads those that it has taken', async () => {
    const reading = Array.from({ length: 30 }, (_, index) => readYaml(`a: ${index}`));
    const outcomes = await Promise.allSettled(reading);
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const each of refused) expect(each).toMatchObject({ reason: { status: 503, code: 'busy' } });
    expect(outcomes[0]).toMatchObject({ value: { a: 0 } });
    await expect(readYaml('a: 1')).resolves.toEqual({ a: 1 });
  });

  it('takes JSON, which is YAML, and nothing at all', async () => {
    await expect(readYaml('{"a":[1]}')).resolves.toEqual({ a: [1] });
    await expect(readYaml('')).resolves.toBeNull();
  });
});

function bomb(depth: number): string {
  const levels = Array.from({ length: depth }, (_, level) => {
    const parts = Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*l${level - 1}`));
    return `l${level}: &l${level} [${parts.join(', ')}]`;
  });
  return levels.join('\n');
}
