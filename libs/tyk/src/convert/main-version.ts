import { ownField, type JsonObject } from '../json/json-text';
import { objectAt, textAt } from '../json/read';
import { byName, type JsonDraft } from '../openapi/values';

/** The version of a classic definition that an OAS API is made of, with the name it has in the map. */
export interface MainVersion {
  readonly name: string;
  readonly version: JsonObject;
}

/**
 * The one version of an API that is not versioned, else the default one: the entry without a name, the named default, `Default`, or
 * the first by name. Nodes choose in this order when they convert a definition.
 */
export function mainVersion(definition: JsonObject): MainVersion {
  const data = objectAt(definition['version_data']);
  const versions = objectAt(data['versions']);
  const candidates = [textAt(data['default_version']), '', 'Default', ...Object.keys(versions).sort(byName)];
  for (const name of candidates) {
    const version = ownField(versions, name);
    if (version !== undefined) return { name, version: objectAt(version) };
  }
  return { name: '', version: {} };
}

/** `version_data` with one version, which has no name in the map: the form of every OAS API. */
export function singleVersion(definition: JsonObject, version: JsonObject): JsonDraft {
  return {
    ...objectAt(definition['version_data']),
    not_versioned: true,
    default_version: '',
    versions: { '': version },
  };
}
