import * as fc from 'fast-check';
import { limitsFor } from './limits';
import { readJson } from './read-json';
import { anyText } from '../../../../../test/support/any-text';

const limits = limitsFor(16 * 1024 * 1024);
const anyJson = fc.jsonValue({ maxDepth: 5 });

describe('readJson', () => {
  it('reads what JSON.stringify wrote, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(anyJson, fc.constantFrom(undefined, 1), async (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.stringify(await readJson(text, limits))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('finds a name that is there twice wherever it is, and says where', async () => {
    const names = anyText(8);
    await fc.assert(
      fc.asyncProperty(anyJson, names, anyJson, async (before, name, value) => {
        const field = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        const text = `{"first":${JSON.stringify(before)},"second":[{${field},${field}}]}`;
        await expect(readJson(text, limits)).rejects.toMatchObject({
          status: 400,
          errors: [{ path: expect.stringMatching(/^second\[0\]/) as string }],
        });
      }),
    );
  });

  it('takes the numbers that it gives, however large', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (number) => {
        const text = JSON.stringify([number]);
        expect(JSON.stringify(await readJson(text, limits))).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['1e400', '-1e999', '[1,2e308]'])('refuses %s, which would come back as null', async (text) => {
    await expect(readJson(text, limits)).rejects.toMatchObject({ status: 400, code: 'malformed_json' });
  });

  it.each(['', '{', ']', '}}', '"', '"\\"', '{"a"', '[1,]', '-', '{"a":1}}', "{'a':1}", 'NaN', '// c\n{}'])(
    'refuses %j',
    async (text) => {
      await expect(readJson(text, limits)).rejects.toMatchObject({ status: 400, code: 'malformed_json' });
    },
  );

  it('refuses a text nested a million deep, and one of a million quotes', async () => {
    await expect(readJson('['.repeat(1_000_000), limits)).rejects.toMatchObject({ status: 400 });
    await expect(readJson('"\\'.repeat(1_000_000), limits)).rejects.toMatchObject({ status: 400 });
  });

  it('lets others have their turn while it reads a large text', async () => {
    let turns = 0;
    const tick = (): void => {
      turns += 1;
      timer = setImmediate(tick);
    };
    let timer = setImmediate(tick);
    const rows = Array.from({ length: 100_000 }, (_, id) => ({ id, name: 'x'.repeat(20), list: [1, 2, 3] }));
    await readJson(JSON.stringify(rows), limits);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(10);
  });
});
