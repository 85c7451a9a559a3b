import { z } from 'zod';
import { defaultDeadlineMs } from '@castellan/testing';
import { evaluate } from './tools';

const patience = z
  .object({ waitMs: z.number(), testMs: z.number(), silenceMs: z.number(), checkMs: z.number() })
  .strict()
  .parse(evaluate(`import { patience } from './tools/lib/patience.mjs'; answer(patience);`));

describe('the order of patience', () => {
  it('has a wait end before its test, and a test before the run that it is of, each with room for several of the inner', () => {
    const inside = [patience.waitMs, patience.testMs, patience.silenceMs];
    for (const [index, inner] of inside.slice(0, -1).entries()) {
      expect(inside[index + 1]).toBeGreaterThanOrEqual(3 * inner);
    }
    // A check says nothing until it ends, so it has as long as a silent run.
    expect(patience.checkMs).toBeGreaterThanOrEqual(patience.silenceMs);
  });

  it('is what waits in tests have, whoever gives none', () => {
    expect(defaultDeadlineMs).toBe(patience.waitMs);
  });

  it('is what Jest gives each test, this one too', () => {
    // Where Jest keeps what `jest.setTimeout` was told.
    expect(Reflect.get(globalThis, Symbol.for('TEST_TIMEOUT_SYMBOL'))).toBe(patience.testMs);
  });

  it('is nowhere shortened by a test of its own', () => {
    const shortened = evaluate(
      `import { readdirSync, readFileSync } from 'node:fs';
       const files = ['apps', 'libs', 'test'].flatMap((folder) =>
         readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => folder + '/' + name));
       const specs = files.filter((name) => /spec\\.ts$/.test(name) && !name.endsWith('/patience.spec.ts'));
       const shortens = /jest\\.setTimeout\\(/;
       answer({ looked: specs.length, found: specs.filter((name) => shortens.test(readFileSync(name, 'utf8'))) });`,
    );
    expect(shortened).toEqual({ looked: expect.any(Number) as unknown, found: [] });
  });
});
