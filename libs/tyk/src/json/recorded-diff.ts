import { diffJson, type DiffOperation } from './diff';
import { contentDigest, parseJson, type JsonObject, type JsonValue } from './json-text';
import { listAt } from './read';

/** A diff that takes more than this many characters is not kept; revisions still hold both states. */
export const diffLimit = 512 * 1024;

/** Who had rights in a resource before a change and after it, as its document says it, field by field. */
export type RightsChange = Readonly<Record<'before' | 'after', JsonObject>>;

/** What changed, as it is recorded. */
export interface RecordedDiff {
  /** From the whole state before to the whole state after; empty when there is too much of it to be kept. */
  readonly operations: readonly DiffOperation[];
  /** The same as text; null when there is too much. */
  readonly text: string | null;
  /** Who had rights in the resource before and after; null when the change leaves that as it is. */
  readonly rights: RightsChange | null;
}

/**
 * What changed between two documents.
 * @param before null where there was none, as after a deletion
 * @param rightsFields the fields that say who has rights in the resource
 */
export const recordedDiff = (
  before: string | null,
  after: string | null,
  rightsFields: readonly string[],
): RecordedDiff => {
  const [was, is] = [parse(before), parse(after)];
  const operations = diffJson(was, is);
  const text = JSON.stringify(operations);
  const rights = rightsChangeOf(rightsFields, was, is);
  return text.length > diffLimit ? { operations: [], text: null, rights } : { operations, text, rights };
};

const parse = (document: string | null): JsonValue => (document === null ? null : parseJson(document));

const rightsChangeOf = (fields: readonly string[], before: JsonValue, after: JsonValue): RightsChange | null => {
  if (fields.length === 0) return null;
  const rightsIn = (document: JsonValue): JsonObject =>
    Object.fromEntries(fields.map((field) => [field, [...listAt(document, field)]] as const));
  const said = { before: rightsIn(before), after: rightsIn(after) };
  return contentDigest(said.after) === contentDigest(said.before) ? null : said;
};
