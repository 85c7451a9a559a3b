import { type JsonObject } from '../json-text';
import { listAt, objectAt, textAt } from '../read';
import { type Lost } from './lost';
import { mainVersion, singleVersion } from './main-version';
import { cachedPaths } from './operations-from-classic';
import { isUnset, without, type Draft } from './values';

/** A version of a definition as a definition of its own, with one version. */
export interface SplitVersion {
  readonly name: string;
  readonly definition: JsonObject;
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
    return { base: { name: main.name, definition: single(classic, main.version, {}) }, others: [] };
  }

  const others = Object.entries(objectAt(data['versions'])).filter(([name]) => name !== main.name);
  const ids = others.map(([name]) => [name, newApiId(name)] as const);
  const location = objectAt(classic['definition']);
  const stripPath = location['location'] === 'url' && location['strip_path'] === true;
  const definition: Draft = {
    ...without(location, 'strip_path'),
    enabled: true,
    name: main.name,
    default: textAt(data['default_version']) === main.name ? 'self' : '',
    strip_versioning_data: stripPath || location['strip_versioning_data'] === true,
    versions: Object.fromEntries(ids),
  };
  const base = single(classic, main.version, { definition, expiration: textAt(main.version['expires']) });
  return {
    base: { name: main.name, definition: base },
    others: others.map(([name, version], index) => ({
      name,
      definition: child(classic, name, objectAt(version), ids[index]?.[1] ?? ''),
    })),
  };
}

function usesDefinition(classic: JsonObject): boolean {
  const definition = objectAt(classic['definition']);
  return definition['enabled'] === true || !isUnset(definition['versions']);
}

function child(classic: JsonObject, name: string, version: JsonObject, apiId: string): JsonObject {
  const proxy = objectAt(classic['proxy']);
  const segment = encodeURIComponent(name);
  const parent = textAt(proxy['listen_path']).replace(/\/$/u, '');
  return single(without(classic, 'id', 'definition'), version, {
    api_id: apiId,
    name: `${textAt(classic['name'])}-${segment}`,
    internal: true,
    expiration: textAt(version['expires']),
    proxy: { ...proxy, listen_path: parent === '' ? `/${segment}/` : `${parent}-${segment}/` },
  });
}

/** The definition with one version. What a version says for itself alone moves to the API. */
function single(classic: JsonObject, version: JsonObject, changes: Draft): JsonObject {
  const definition: Draft = { ...classic, ...changes };
  const target = textAt(version['override_target']);
  if (target !== '') definition['proxy'] = { ...objectAt(definition['proxy']), target_url: target };
  definition['version_data'] = singleVersion(definition, without(version, 'override_target', 'expires'));
  return definition;
}

/**
 * The definition with older spellings replaced by those the conversion knows.
 *
 * @param lost is told, by its path in the version, what no longer has an effect
 */
export function modernClassic(classic: JsonObject, lost: Lost): JsonObject {
  const definition: Draft = { ...classic };
  if (!usesDefinition(definition)) delete definition['definition'];
  // Response bodies are transformed whether or not the processor is named.
  definition['response_processors'] = listAt(definition['response_processors']).filter(
    (processor) => objectAt(processor)['name'] !== 'response_body_transform',
  );
  moveScopes(definition);

  const { version } = mainVersion(definition);
  const lists = objectAt(version['extended_paths']);
  const cached = cachedPaths(lists, objectAt(definition['cache_options']));
  const advanced = [...cached, ...listAt(lists['advance_cache_config'])];
  const paths: Draft = {
    ...without(lists, 'cache'),
    ...(advanced.length > 0 ? { advance_cache_config: advanced } : {}),
  };
  const extended = version['use_extended_paths'] === true;
  if (!extended && !isUnset(paths))
    lost('extended_paths', 'is not in use (use_extended_paths is off), and is left out');
  if (!isUnset(version['paths'])) {
    lost(
      'paths',
      extended ? 'is not in use (use_extended_paths is on)' : 'has no counterpart: list the paths in extended_paths',
    );
  }
  const modern: Draft = { ...without(version, 'paths'), extended_paths: extended ? paths : {} };
  definition['version_data'] = singleVersion(definition, modern);
  return definition;
}

/** Scopes once stood in two fields of the definition, for JWT or, if that is on, for OpenID. */
function moveScopes(definition: Draft): void {
  const old: Draft = {};
  const name = textAt(definition['jwt_scope_claim_name']);
  if (name !== '') old['scope_claim_name'] = name;
  if (!isUnset(definition['jwt_scope_to_policy_mapping'])) {
    old['scope_to_policy'] = definition['jwt_scope_to_policy_mapping'] ?? {};
  }
  delete definition['jwt_scope_claim_name'];
  delete definition['jwt_scope_to_policy_mapping'];

  const scopes = objectAt(definition['scopes']);
  const method = definition['use_openid'] === true ? 'oidc' : 'jwt';
  if (isUnset(old) || !isUnset(scopes[method])) return;
  definition['scopes'] = { ...scopes, [method]: old };
}
