import { isJsonObject, ownField, type JsonValue } from '../json/json-text';
import type { Schema } from './builders';

/**
 * Writes the way to a value as people write it: `proxy.listen_path`, `version_data.versions["Default"].name`, `tags[0]`. Fields
 * that the schema names follow a dot, keys of maps and unknown fields stand in brackets.
 *
 * @param segments field names and list positions from the document down; may end in a field the document lacks
 */
export function describePath(segments: readonly string[], document: JsonValue, schema: Schema): string {
  let path = '';
  let value: JsonValue | undefined = document;
  let node: Schema | undefined = schema;
  for (const segment of segments) {
    if (Array.isArray(value)) {
      path += `[${segment}]`;
      value = value[Number(segment)];
      node = node?.items;
      continue;
    }
    const field = knownField(node, segment);
    const dot = path === '' ? '' : '.';
    path += field === undefined ? `[${JSON.stringify(segment)}]` : dot + segment;
    value = isJsonObject(value) ? ownField(value, segment) : undefined;
    node = field ?? node?.additionalProperties;
  }
  return path;
}

/** The path of an entry of a map or list: `versions["Default"]`, `tags[0]`. */
export function entryPath(parent: string, key: string | number): string {
  return `${parent}[${JSON.stringify(key)}]`;
}

/** The schema of a field that this schema names. */
export function knownField(schema: Schema | undefined, name: string): Schema | undefined {
  const properties = schema?.properties;
  return properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
}
