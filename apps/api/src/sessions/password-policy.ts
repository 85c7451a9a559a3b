import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

/** Longer ones cost time to judge and to hash. */
const longestPassword = 256;

/** Judging takes time that grows with the square of the length; what these do not make strong is refused. */
const judgedCharacters = 64;

/** What every new password has to be like. */
export interface PasswordPolicy {
  /** Fewest characters. */
  readonly length: number;
  /** Guesses that it has to withstand, as a power of ten; 0 asks for nothing. */
  readonly strength: number;
}

let made: ZxcvbnFactory | undefined;
/** Made when it is first needed: its word lists take a moment to unpack. */
const judge = (): ZxcvbnFactory => (made ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs }));

/**
 * What is wrong with a new password, in words; null when nothing is. Length comes first; beyond that only those are
 * refused that are quickly guessed, because they are common, or made of what is known of the person.
 *
 * @param known what attackers know of the person: address, names, organisation
 */
export const passwordFault = (
  password: string,
  { length: least, strength }: PasswordPolicy,
  known: readonly string[],
): string | null => {
  const { length } = Array.from(password);
  if (length < least) return `must have at least ${least} characters`;
  if (length > longestPassword) return `must have at most ${longestPassword} characters`;
  if (/\p{Cc}/u.test(password)) return 'must not contain control characters';
  if (strength === 0) return null;
  const parts = known.flatMap((word) => [word, ...word.split(/[@.\s_+-]+/)]).filter((word) => word.length > 2);
  const { guessesLog10 } = judge().check(password.slice(0, judgedCharacters), parts);
  return guessesLog10 < strength ? 'is too easy to guess; take several words that do not belong together' : null;
};
