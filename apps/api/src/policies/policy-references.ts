import type { FieldError } from '@castellan/dto';
import { flagAt, listAt, objectAt, textAt, type JsonObject, type JsonValue } from '@castellan/tyk';
import { accessRightsOf } from './policy-content';

/**
 * What a policy names and does not exist: APIs, and versions of APIs. An API of another organisation is, for this one,
 * an API that does not exist (promise 6).
 *
 * @param definitions the definitions of the organisation's APIs that the policy names, by `api_id`
 */
export const unknownReferences = (
  policy: JsonObject,
  definitions: ReadonlyMap<string, JsonObject>,
): readonly FieldError[] =>
  Object.entries(accessRightsOf(policy)).flatMap(([apiId, right]): readonly FieldError[] => {
    const path = `access_rights.${apiId}`;
    const definition = definitions.get(apiId);
    if (definition === undefined) return [{ path, message: 'names no API of the organisation' }];
    return unknownVersions(`${path}.versions`, listAt(right, 'versions'), versionNames(definition));
  });

const unknownVersions = (
  path: string,
  named: readonly JsonValue[],
  known: ReadonlySet<string>,
): readonly FieldError[] => {
  const there = [...known].map((name) => `"${name}"`).join(', ');
  return named.flatMap((version, index) =>
    typeof version === 'string' && known.has(version)
      ? []
      : [{ path: `${path}[${index}]`, message: `names no version of the API; it has ${there}` }],
  );
};

/**
 * The names that an access right may give for the versions of an API: those in `version_data`; `Default` where the API
 * has no versions, which is what gateways look for then; and, for a base or child API, those in `definition`.
 */
export const versionNames = (definition: JsonObject): ReadonlySet<string> => {
  const versions = Object.entries(objectAt(definition, 'version_data', 'versions'));
  const names = [
    ...versions.flatMap(([key, version]) => [key, textAt(version, 'name')]),
    textAt(definition, 'definition', 'name'),
    ...Object.keys(objectAt(definition, 'definition', 'versions')),
  ].filter((name) => name !== '');
  const isVersioned = !flagAt(definition, 'version_data', 'not_versioned') && names.length > 0;
  return new Set(isVersioned ? names : ['Default', ...names]);
};
