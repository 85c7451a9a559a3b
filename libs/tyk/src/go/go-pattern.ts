import { regexpFault } from './regexp';

/** `\u00E4` as JavaScript writes it. Only some nodes know it; all of them know `\x{00E4}`. */
const CODE_POINT = /\\u([0-9A-Fa-f]{4})/gu;

/** `(?<name>…)` as JavaScript writes it. Newer nodes know it too; all of them know `(?P<name>…)`. */
const NAMED_GROUP = /(?<!\\)\(\?<(?=[A-Za-z_])/gu;

/**
 * A regular expression in the words of Go, in which nodes are written; null for one that Go cannot express. It has no
 * look-around and no back-references, which patterns written for JavaScript may have.
 */
export function toGoPattern(pattern: string): string | null {
  const translated = pattern.replace(CODE_POINT, String.raw`\x{$1}`).replace(NAMED_GROUP, '(?P<');
  return regexpFault(translated) === undefined ? translated : null;
}
