import { entryPath } from '../schema/path';
import { isJsonObject, ownField, type JsonValue } from './json-text';
import { fieldPath } from '../openapi/values';

/**
 * Writes the way to a place of a document: `paths["/a"].get.parameters[0]`.
 *
 * @param named how a field is written after what it stands in
 */
export function documentPath(
  segments: readonly string[],
  document: JsonValue,
  named: (path: string, field: string) => string = fieldPath,
): string {
  let path = '';
  let value: JsonValue | undefined = document;
  for (const segment of segments) {
    if (Array.isArray(value)) {
      path = entryPath(path, Number(segment));
      value = value[Number(segment)];
    } else {
      path = named(path, segment);
      value = isJsonObject(value) ? ownField(value, segment) : undefined;
    }
  }
  return path;
}
