import { kindNamed } from '@castellan/persistence';
import type { JsonObject } from '@castellan/tyk';

/**
 * A content with the rights that a resource gives today, whatever the content says of them: rights are not content, and who
 * brings back an earlier content brings back nobody's rights.
 */
export const withRightsOf = (kind: string, stored: JsonObject, content: JsonObject): JsonObject => {
  const { rights = [] } = kindNamed(kind);
  const isRight = ([name]: readonly [string, unknown]): boolean => rights.includes(name);
  const rest = Object.entries(content).filter((field) => !isRight(field));
  return Object.fromEntries([...rest, ...Object.entries(stored).filter(isRight)]);
};

/**
 * A content with the rights that a resource gives today where it says nothing of them itself. Many a tool knows no owners, and
 * would open to everybody what it only meant to change; `null` is how programs in Go say nothing.
 *
 * @param stored the document of the resource, asked for only if it has to be read
 */
export const withUnsaidRightsOf = (kind: string, stored: () => JsonObject, content: JsonObject): JsonObject => {
  const { rights = [] } = kindNamed(kind);
  const unsaid = rights.filter((name) => (content[name] ?? null) === null);
  if (unsaid.length === 0) return content;
  const kept = Object.entries(stored()).filter(([name]) => unsaid.includes(name));
  return { ...content, ...Object.fromEntries(kept) };
};
