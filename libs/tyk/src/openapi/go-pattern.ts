import { RE2JS } from 're2js';

/** `\u00E4` as JavaScript writes it. Only some nodes know it; all of them know `\x{00E4}`. */
const CODE_POINT = /\\u([0-9A-Fa-f]{4})/gu;

/** Compiling takes a tenth of a millisecond, and documents have the same patterns again and again. */
const known = new Map<string, string | null>();
const MOST_KNOWN = 10_000;

/**
 * A regular expression in the words of Go, in which nodes are written; null for one that Go cannot express. It has no
 * look-around and no back-references, which patterns written for JavaScript may have.
 */
export function toGoPattern(pattern: string): string | null {
  const found = known.get(pattern);
  if (found !== undefined) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const translated = translate(pattern);
  known.set(pattern, translated);
  return translated;
}

function translate(pattern: string): string | null {
  const translated = pattern.replace(CODE_POINT, String.raw`\x{$1}`);
  try {
    RE2JS.compile(translated);
    return translated;
  } catch {
    return null;
  }
}
