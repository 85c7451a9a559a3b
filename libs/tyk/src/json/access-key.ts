import { hash } from 'node:crypto';

const randomDigits = 26;
const checkDigits = 6;

const checkOf = (random: string): string =>
  hash('sha256', `castellan access key ${random}`, 'hex').slice(0, checkDigits);

/**
 * An access key of 26 random hex digits: 32 digits as clients know them, of which the last six follow from the others. So
 * a key is told apart from an `api_id`, which looks the same, wherever somebody has written it.
 */
export const toAccessKey = (random: string): string => {
  if (!/^[0-9a-f]{26}$/.test(random)) throw new RangeError(`An access key is made of ${randomDigits} hex digits`);
  return `${random}${checkOf(random)}`;
};

const keyLike = /(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/gi;

/** The text with something else in the place of every access key in it. */
export const withoutAccessKeys = (text: string, instead: string): string =>
  text.replace(keyLike, (digits) => {
    const random = digits.slice(0, randomDigits).toLowerCase();
    return digits.slice(randomDigits).toLowerCase() === checkOf(random) ? instead : digits;
  });
