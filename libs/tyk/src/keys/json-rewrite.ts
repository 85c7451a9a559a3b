import { isJsonObject, isSameJson, ownField, parseJson, type JsonObject, type JsonValue } from '../json/json-text';

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/** A field of an object: its name, and the texts of name and value as they stand in the document. */
interface Member {
  readonly name: string;
  readonly nameText: string;
  readonly valueText: string;
}

/**
 * The text of `next`, with the bytes of `text` wherever both hold the same value. Numbers that a double cannot hold, such as
 * counters near 2^63, and the way others write theirs survive an edit of another field so, as they would not through
 * `JSON.parse` and `JSON.stringify`. What is new stands at the end of its object.
 *
 * @param text valid JSON
 */
export function rewriteJson(text: string, next: JsonValue): string {
  return rewriteParsed(text, parseJson(text), next);
}

/** The same of a text that has been parsed already. @param before what it says */
export function rewriteParsed(text: string, before: JsonValue, next: JsonValue): string {
  if (isSameJson(before, next)) return text.trim();
  return isJsonObject(before) && isJsonObject(next) ? rewriteObject(text, before, next) : JSON.stringify(next);
}

function rewriteObject(text: string, before: JsonObject, next: JsonObject): string {
  const kept = new Set<string>();
  const members = membersOf(text)
    .filter(({ name }) => Object.hasOwn(next, name))
    .map(({ name, nameText, valueText }) => {
      kept.add(name);
      return `${nameText}:${rewriteParsed(valueText, ownField(before, name) ?? null, next[name] ?? null)}`;
    });
  const added = Object.entries(next)
    .filter(([name]) => !kept.has(name))
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return `{${[...members, ...added].join(',')}}`;
}

/** The fields of the outermost object in their order; of fields with one name the last, as both JSON and Go read it. */
function membersOf(text: string): Member[] {
  const members = new Map<string, Member>();
  let depth = 0;
  let nameText = '';
  let valueFrom = 0;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if (depth === 1 && token.startsWith('"') && valueFrom === 0) nameText = token;
    if (depth === 1 && token === ':') valueFrom = index + 1;
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    const ends = (depth === 1 && token === ',') || (depth === 0 && token === '}');
    if (!ends || valueFrom === 0) continue;

    const name = String(JSON.parse(nameText));
    members.delete(name);
    members.set(name, { name, nameText, valueText: text.slice(valueFrom, index).trim() });
    valueFrom = 0;
  }
  return [...members.values()];
}
