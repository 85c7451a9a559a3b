import { isJsonObject, ownField, type JsonObject, type JsonValue } from '../json/json-text';

/** References to references are followed this far; a longer chain is a mistake or a circle. */
const MAX_HOPS = 16;

/**
 * Follows a `#/…` reference inside the document. Nothing outside the document is ever read: any other reference, one that leads
 * nowhere and a circle all give undefined.
 */
export function resolveReference(document: JsonObject, value: JsonValue | undefined): JsonValue | undefined {
  let target = value;
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    if (!isJsonObject(target)) return target;
    const reference = ownField(target, '$ref');
    if (typeof reference !== 'string') return target;
    target = lookUp(document, reference);
  }
  return undefined;
}

/** What a `#` or `#/…` reference points at, itself not resolved further. */
export function lookUp(document: JsonObject, reference: string): JsonValue | undefined {
  if (reference === '#') return document;
  if (!reference.startsWith('#/')) return undefined;
  let target: JsonValue | undefined = document;
  for (const token of reference.slice(2).split('/')) {
    target = step(target, unescapeToken(token));
    if (target === undefined) return undefined;
  }
  return target;
}

function step(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^(0|[1-9][0-9]*)$/u.test(name) ? value[Number(name)] : undefined;
  return isJsonObject(value) ? ownField(value, name) : undefined;
}

/** A token of a JSON pointer in a URI fragment: percent encoding first, then `~1` and `~0`. */
export function unescapeToken(token: string): string {
  let decoded = token;
  try {
    decoded = decodeURIComponent(token);
  } catch {
    // Not percent encoded at all: the token is meant literally.
  }
  return decoded.replaceAll('~1', '/').replaceAll('~0', '~');
}
