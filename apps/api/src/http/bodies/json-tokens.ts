const quote = 0x22;
const backslash = 0x5c;

/** Where a string that begins at `start` is over; the end of the text when it never is. */
export const endOfString = (text: string, start: number): number => {
  let from = start + 1;
  for (;;) {
    const at = text.indexOf('"', from);
    if (at === -1) return text.length;
    let escapes = 0;
    while (at - escapes > from && text.charCodeAt(at - escapes - 1) === backslash) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
    from = at + 1;
  }
};

/** Where a number that begins at `start` is over. */
export const endOfNumber = (text: string, start: number): number => {
  let end = start + 1;
  while (end < text.length && isOfNumber(text.charCodeAt(end))) end += 1;
  return end;
};

/** Digits, `+`, `-`, `.`, `e` and `E`. */
const isOfNumber = (character: number): boolean =>
  (character >= 0x30 && character <= 0x39) ||
  character === 0x2e ||
  character === 0x65 ||
  character === 0x45 ||
  character === 0x2b ||
  character === 0x2d;

const integer = /^-?\d{16,}$/;

/**
 * Whether an integer would be another one once it has been read. What is written here can always be read again: a
 * double beyond 2^53 is written with its shortest digits, which are not its exact value.
 */
export const isLostInteger = (token: string): boolean => {
  if (!integer.test(token)) return false;
  const number = Number(token);
  if (Number.isSafeInteger(number) || String(number) === token) return false;
  return !Number.isFinite(number) || BigInt(token) !== BigInt(number);
};

export const isQuote = (character: number): boolean => character === quote;
