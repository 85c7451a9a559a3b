/** How much one question may be about: a command of the database takes 16 MiB. */
export interface PieceLimits {
  readonly values: number;
  readonly characters: number;
}

const limits: PieceLimits = { values: 10_000, characters: 2 * 1024 * 1024 };

/**
 * Asks about a list of any length, piece by piece, and gives everything that was answered. A large import looks for a
 * hundred thousand addresses, which no single question holds.
 *
 * @param values texts, and ids as they are; each is asked about once
 */
export const inPieces = async <Value, Found>(
  values: Iterable<Value>,
  ask: (piece: Value[]) => Promise<readonly Found[]>,
  { values: mostValues, characters: mostCharacters }: PieceLimits = limits,
): Promise<Found[]> => {
  const found: Found[] = [];
  let piece: Value[] = [];
  let characters = 0;
  const askNow = async (): Promise<void> => {
    if (piece.length > 0) for (const one of await ask(piece)) found.push(one);
    [piece, characters] = [[], 0];
  };
  for (const value of new Set(values)) {
    const length = typeof value === 'string' ? value.length : 0;
    if (piece.length >= mostValues || characters + length > mostCharacters) await askNow();
    piece.push(value);
    characters += length;
  }
  await askNow();
  return found;
};
