import { type JsonObject } from '../json/json-text';
import { listAt, objectAt, textAt } from '../json/read';
import type { Problem } from '../schema/check';
import { entryPath } from '../schema/path';
import { type Lost } from './lost';
import { mainVersion, singleVersion } from './main-version';
import { fieldPath, isUnset, sameMeaning, without, type JsonDraft } from '../openapi/values';

/** A version of a definition as a definition of its own, with one version. */
export interface SplitVersion {
  readonly name: string;
  readonly definition: JsonObject;
  /** What of the original the version has no use for. */
  readonly unused: readonly Problem[];
}

/**
 * Takes a classic API apart: one definition for each of its versions. The base keeps its identity and lists the others; those are
 * reached through the base alone, so they are internal and listen at a path of their own.
 */
export function splitVersions(
  classic: JsonObject,
  newApiId: (versionName: string) => string,
): { readonly base: SplitVersion; readonly others: readonly SplitVersion[] } {
  const main = mainVersion(classic);
  const data = objectAt(classic['version_data']);
  // Definitions that use the newer way of versioning already are made of one version each.
  const isVersioned = data['not_versioned'] !== true && !isUnset(data['versions']) && !usesDefinition(classic);
  if (!isVersioned) {
    const definition = withVersion(classic, main.version, {});
    const unused = [...replacedTarget(classic, main.version), ...unusedVersions(data, main.name)];
    return { base: { name: main.name, definition, unused }, others: [] };
  }

  const others = Object.entries(objectAt(data['versions'])).filter(([name]) => name !== main.name);
  const ids = others.map(([name]) => [name, newApiId(name)] as const);
  const location = objectAt(classic['definition']);
  const stripPath = location['location'] === 'url' && location['strip_path'] === true;
  const definition: JsonDraft = {
    ...without(location, 'strip_path'),
    enabled: true,
    name: main.name,
    default: textAt(data['default_version']) === main.name ? 'self' : '',
    strip_versioning_data: stripPath || location['strip_versioning_data'] === true,
    versions: Object.fromEntries(ids),
  };
  const base = versioned(classic, main.version, { definition });
  return {
    base: { name: main.name, definition: base, unused: replacedTarget(classic, main.version) },
    others: others.map(([name, version], index) => ({
      name,
      definition: child(classic, name, objectAt(version), ids[index]?.[1] ?? ''),
      unused: [],
    })),
  };
}

function replacedTarget(classic: JsonObject, version: JsonObject): Problem[] {
  const target = textAt(version['override_target']);
  if (target === '' || target === textAt(classic, 'proxy', 'target_url')) return [];
  return [{ path: 'proxy.target_url', message: `is not in use: the version has a target of its own, "${target}"` }];
}

function unusedVersions(data: JsonObject, mainName: string): Problem[] {
  const names = Object.keys(objectAt(data['versions'])).filter((name) => name !== mainName);
  const message = 'is not in use (not_versioned is on), and is left out';
  return names.map((name) => ({ path: entryPath('version_data.versions', name), message }));
}

function usesDefinition(classic: JsonObject): boolean {
  const definition = objectAt(classic['definition']);
  return definition['enabled'] === true || !isUnset(definition['versions']);
}

function child(classic: JsonObject, name: string, version: JsonObject, apiId: string): JsonObject {
  const proxy = objectAt(classic['proxy']);
  const segment = encodeURIComponent(name);
  const parent = textAt(proxy['listen_path']).replace(/\/$/u, '');
  return versioned(without(classic, 'id', 'definition'), version, {
    api_id: apiId,
    name: `${textAt(classic['name'])}-${segment}`,
    internal: true,
    proxy: { ...proxy, listen_path: parent === '' ? `/${segment}/` : `${parent}-${segment}/` },
  });
}

/** The end of a version is the end of the API it becomes. Without versions it has no effect. */
function versioned(classic: JsonObject, version: JsonObject, changes: JsonDraft): JsonObject {
  return withVersion(classic, without(version, 'expires'), { expiration: textAt(version['expires']), ...changes });
}

/** The definition with one version. A target of the version's own becomes the API's. */
function withVersion(classic: JsonObject, version: JsonObject, changes: JsonDraft): JsonObject {
  const definition: JsonDraft = { ...classic, ...changes };
  const target = textAt(version['override_target']);
  if (target !== '') definition['proxy'] = { ...objectAt(definition['proxy']), target_url: target };
  definition['version_data'] = singleVersion(definition, without(version, 'override_target'));
  return definition;
}

/**
 * The definition with older spellings replaced by those the conversion knows.
 *
 * @param definitionLost is told what has no effect, by its path in the definition
 * @param lost the same by its path in the version
 */
export function modernClassic(classic: JsonObject, definitionLost: Lost, lost: Lost): JsonObject {
  const definition: JsonDraft = { ...classic };
  if (!usesDefinition(definition)) dropVersioning(definition, definitionLost);
  // Response bodies are transformed whether or not the processor is named.
  definition['response_processors'] = listAt(definition['response_processors']).filter(
    (processor) => objectAt(processor)['name'] !== 'response_body_transform',
  );
  moveScopes(definition, definitionLost);

  const { version } = mainVersion(definition);
  const extended = version['use_extended_paths'] === true;
  const paths = objectAt(version['extended_paths']);
  if (!extended && !isUnset(paths))
    lost('extended_paths', 'is not in use (use_extended_paths is off), and is left out');
  if (!isUnset(version['paths'])) {
    const message = extended
      ? 'is not in use (use_extended_paths is on)'
      : 'has no counterpart: list them in extended_paths';
    lost('paths', message);
  }
  const modern: JsonDraft = { ...without(version, 'paths'), extended_paths: extended ? paths : {} };
  definition['version_data'] = singleVersion(definition, modern);
  return definition;
}

/** Where versioning is off, the dashboard still writes where it would look for the version. */
function dropVersioning(definition: JsonDraft, lost: Lost): void {
  const settings = without(objectAt(definition['definition']), 'location', 'key');
  for (const [name, value] of Object.entries(settings)) {
    if (!isUnset(value)) lost(fieldPath('definition', name), 'has no effect while versioning is off, and is left out');
  }
  delete definition['definition'];
}

/** Scopes once stood in two fields of the definition, for OpenID if that is on and otherwise for JWT. */
function moveScopes(definition: JsonDraft, lost: Lost): void {
  const old: JsonDraft = {
    scope_claim_name: textAt(definition['jwt_scope_claim_name']),
    scope_to_policy: objectAt(definition['jwt_scope_to_policy_mapping']),
  };
  const method = definition['use_openid'] === true ? 'oidc' : 'jwt';
  // Where neither is on, the two fields are reported like any other that nothing reads.
  if (isUnset(old) || (method === 'jwt' && definition['enable_jwt'] !== true)) return;
  delete definition['jwt_scope_claim_name'];
  delete definition['jwt_scope_to_policy_mapping'];

  const scopes = objectAt(definition['scopes']);
  if (isUnset(scopes[method])) definition['scopes'] = { ...scopes, [method]: old };
  else if (!sameMeaning(scopes[method], old)) lost('jwt_scope_claim_name', `is not in use beside scopes.${method}`);
}
