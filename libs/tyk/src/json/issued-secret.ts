const hex = Array.from('0123456789abcdef');

/** A pattern of the base64 of every text that has these characters in these places. */
const base64Of = (places: readonly (readonly string[])[]): string => {
  const groups = Array.from({ length: Math.ceil(places.length / 3) }, (_, group) =>
    places.slice(3 * group, 3 * group + 3),
  );
  return groups.map(groupPattern).join('');
};

/** Three characters make four, of which each depends on two neighbours at the most: all three need not vary at once. */
const groupPattern = ([first = [], second = [''], third = ['']]: readonly (readonly string[])[]): string => {
  const start = encodings([first, second, third.slice(0, 1)]);
  const end = encodings([first.slice(0, 1), second, third]);
  return [start, start, end, end]
    .map((texts, at) => `[${[...new Set(texts.map((text) => text[at]))].join('')}]`)
    .join('');
};

/** The base64 of every text that has these characters in these places. */
const encodings = (places: readonly (readonly string[])[]): readonly string[] =>
  places
    .reduce<readonly string[]>((texts, place) => texts.flatMap((text) => place.map((one) => text + one)), [''])
    .map((text) => Buffer.from(text).toString('base64'));

const digits = (count: number): (readonly string[])[] => Array.from({ length: count }, () => hex);
const dash = ['-'];

/** The text of a random UUID, of version 4. */
const uuid = [
  ...[...digits(8), dash, ...digits(4), dash, ['4'], ...digits(3), dash],
  ...[['8', '9', 'a', 'b'], ...digits(3), dash, ...digits(12)],
];

const ISSUED = new RegExp(`${base64Of(uuid)}|${base64Of(digits(32))}`, 'g');

/**
 * The text with something else in the place of every secret that is the base64 of a UUID or of 32 hex digits, wherever in
 * it: the form of secrets of OAuth clients, refresh tokens, nonces of single sign-on and secrets of signatures, whether
 * Castellan has made them or a gateway (docs/tyk/oauth.md#secrets).
 */
export const withoutIssuedSecrets = (text: string, instead: string): string => text.replace(ISSUED, instead);

const BASIC = /(\bBasic\s+)([A-Za-z0-9+/]{4,}={0,2})/gi;

/** The text with something else in the place of the name and the password of every basic authentication. */
export const withoutBasicCredentials = (text: string, instead: string): string =>
  text.replace(BASIC, (whole, before: string, encoded: string) =>
    Buffer.from(encoded, 'base64').includes(':') ? `${before}${instead}` : whole,
  );
