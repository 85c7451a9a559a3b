import * as fc from 'fast-check';
import { inPieces } from './in-pieces';

const asked = async (
  values: readonly string[],
  limits = { values: 3, characters: 10 },
): Promise<{ pieces: string[][]; found: string[] }> => {
  const pieces: string[][] = [];
  const found = await inPieces(
    values,
    (piece) => {
      pieces.push(piece);
      return Promise.resolve(piece);
    },
    limits,
  );
  return { pieces, found };
};

describe('a question about a list of any length', () => {
  it('is asked in pieces of so many values and so many characters, about each value once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ maxLength: 8 })), async (values) => {
        const { pieces, found } = await asked(values);
        expect(found).toEqual([...new Set(values)]);
        for (const piece of pieces) {
          expect(piece.length).toBeGreaterThan(0);
          expect(piece.length).toBeLessThanOrEqual(3);
          if (piece.length > 1) expect(piece.join('').length).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it('is one question for what fits into one, and none for nothing', async () => {
    expect((await asked(['a', 'b', 'c'])).pieces).toEqual([['a', 'b', 'c']]);
    expect((await asked([])).pieces).toEqual([]);
  });

  it('holds 20,000 addresses of 2,000 characters in commands that MongoDB takes', async () => {
    const sizes: number[] = [];
    const values = Array.from({ length: 20_000 }, (_, index) => `${index}/`.padEnd(2_000, 'x'));
    await inPieces(values, (piece) => {
      sizes.push(piece.reduce((size, text) => size + text.length + 16, 0));
      return Promise.resolve([]);
    });
    expect(Math.max(...sizes)).toBeLessThan(16 * 1024 * 1024);
    expect(sizes.length).toBeGreaterThan(10);
  });
});
