import { isJsonObject, ownField, parseJson, type JsonObject } from '../json/json-text';
import { foldName } from '../schema/spelling';
import { rewriteParsed } from './json-rewrite';
import { sessionSchema } from './session-schema';

/** What nodes keep of a key: the JSON of `apikey-…` in Redis, of any generation. */
export type Session = JsonObject;

const KNOWN_NAMES = new Map(Object.keys(sessionSchema.properties ?? {}).map((name) => [foldName(name), name]));

/**
 * Reads a session as nodes do: fields that they know under any spelling come out under their proper name, everything else as it
 * is. Nothing is required, since nodes of 5.8 and later leave zero values out.
 *
 * @returns undefined when nodes could not read it either: no JSON, or no object
 */
export function readSession(text: string): Session | undefined {
  const value = objectOf(text);
  return value && properlyNamed(value);
}

/** The text to store of a session, with all bytes of the text before that the change does not concern. */
export function writeSession(session: Session, before?: string): string {
  const was = before === undefined ? undefined : objectOf(before);
  return before === undefined || was === undefined ? JSON.stringify(session) : rewriteParsed(before, was, session);
}

/** The policies a session applies; the single, old field counts only without the list, as nodes read it. */
export function policiesOf(session: Session): string[] {
  const listed = ownField(session, 'apply_policies');
  const ids = Array.isArray(listed) ? listed.filter((id) => typeof id === 'string') : [];
  if (ids.length > 0) return [...new Set(ids)];
  const single = ownField(session, 'apply_policy_id');
  return typeof single === 'string' && single !== '' ? [single] : [];
}

/** Beyond so many ids it takes less time to parse a session than to look for each of them. */
const IDS_WORTH_LOOKING = 50;

/** Whether a session may name one of these ids, which spares parsing most. A text with escapes may name one in another spelling. */
export function mayNameAny(text: string, ids: ReadonlySet<string>): boolean {
  return ids.size > IDS_WORTH_LOOKING || text.includes('\\') || [...ids].some((id) => text.includes(id));
}

function objectOf(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function properlyNamed(value: JsonObject): Session {
  // Of several spellings the last one counts, whichever it is.
  const fields = new Map(
    Object.entries(value).map(([name, field]) => [KNOWN_NAMES.get(foldName(name)) ?? name, field] as const),
  );
  return Object.fromEntries(fields);
}
