import type { JsonObject } from '../json/json-text';
import { objectAt } from '../json/read';
import { EXTENSION } from '../openapi/values';

/** A definition with these lists of paths. */
export function withLists(lists: JsonObject, changes: JsonObject = {}): JsonObject {
  const version = { name: 'Default', use_extended_paths: true, extended_paths: lists };
  return {
    name: 'Things',
    active: true,
    use_keyless: true,
    proxy: { listen_path: '/things/', target_url: 'https://things.example.com', strip_listen_path: true },
    version_data: { not_versioned: true, versions: { Default: version } },
    ...changes,
  };
}

/** What every API needs, and nothing else. */
export const minimal = withLists({});

/** Tyk's part of a document. */
export function extensionOf(oas: JsonObject): JsonObject {
  return objectAt(oas, EXTENSION);
}

/** The path of a list in {@link withLists}, as a report names it. */
export function listPath(list: string): string {
  return `version_data.versions["Default"].extended_paths.${list}`;
}
