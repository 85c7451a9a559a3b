import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { AUTH_CHECK, BASIC, CUSTOM, EXTERNAL_OAUTH, HMAC, ID_EXTRACTOR, JWT, OAUTH, OIDC } from './auth/auth-shapes';
import { under, type Lost } from './lost';
import { FEATURES } from './operations/operation-features';
import { SECTIONS } from './sections';
import { type Shape } from './shape';
import { UPSTREAM_PATHS } from './upstream';
import { objectAt } from '../json/read';
import { fieldPath, isUnset, readAt, sameMeaning, writeAt, type JsonDraft } from '../openapi/values';

/** Fields that the conversion looks after without a table, or that only say how the definition is written. */
const LOOKED_AFTER = [
  ...['id', 'api_id', 'org_id', 'slug', 'is_oas', 'version_data', 'event_handlers.events'],
  ...['auth', 'auth_configs', 'use_keyless', 'use_standard_auth', 'strip_auth_data', 'base_identity_provided_by'],
  ...['use_go_plugin_auth', 'enable_coprocess_auth', 'oauth_meta.allowed_access_types'],
  ...['session_lifetime', 'session_lifetime_respects_key_expiration'],
  ...['security_requirements', 'security_requirement_scopes'],
];

/** Values that say nothing, although they are not empty: what the dashboard writes into every definition. */
const DEFAULTS: ReadonlyMap<string, JsonValue> = new Map([
  ['auth_provider.name', 'default'],
  ['auth_provider.storage_engine', 'redis'],
  ['session_provider.name', 'default'],
  ['session_provider.storage_engine', 'redis'],
]);

const AUTHENTICATION = [JWT, BASIC, OAUTH, EXTERNAL_OAUTH, HMAC, OIDC, CUSTOM, AUTH_CHECK, ID_EXTRACTOR];

const DEFINITION_PATHS = new Set([
  ...LOOKED_AFTER,
  ...UPSTREAM_PATHS,
  ...[...SECTIONS.filter((section) => section.in === 'definition'), ...AUTHENTICATION].flatMap(pathsOf),
]);

/** How the definition keeps its versions; what an OAS API has of it stands in `info.versioning`. */
const VERSION_DATA_PATHS = new Set(['not_versioned', 'default_version', 'versions']);

const VERSION_PATHS = new Set([
  ...['name', 'use_extended_paths', 'extended_paths'],
  ...SECTIONS.filter((section) => section.in === 'version').flatMap(pathsOf),
]);

const PATH_LISTS: ReadonlySet<string> = new Set([
  ...FEATURES.map((feature) => feature.classic),
  'mock_response',
  'cache',
  'validate_json',
]);

function pathsOf(shape: Shape): string[] {
  const off = shape.off === undefined ? [] : [shape.off];
  return [...off, ...shape.fields.map(([, classic]) => classic)];
}

/** Reports every value that no part of the conversion has looked at. */
export function reportRest(definition: JsonObject, version: JsonObject, lost: Lost, versionPath: string): void {
  walk(definition, '', DEFINITION_PATHS, lost);
  walk(objectAt(definition['version_data']), '', VERSION_DATA_PATHS, under(lost, 'version_data'));
  const versionLost = under(lost, versionPath);
  walk(version, '', VERSION_PATHS, versionLost);
  const lists = version['extended_paths'];
  if (isJsonObject(lists)) walk(lists, '', PATH_LISTS, under(versionLost, 'extended_paths'));
}

function walk(object: JsonObject, at: string, known: ReadonlySet<string>, lost: Lost): void {
  for (const [name, value] of Object.entries(object)) {
    const path = at === '' ? name : `${at}.${name}`;
    if (known.has(path) || saysNothing(path, value)) continue;
    const reachesFurther = [...known, ...DEFAULTS.keys()].some((other) => other.startsWith(`${path}.`));
    if (isJsonObject(value) && reachesFurther) walk(value, path, known, lost);
    else lost(fieldPath(at, name));
  }
}

function saysNothing(path: string, value: JsonValue): boolean {
  if (isUnset(value) || DEFAULTS.get(path) === value) return true;
  if (path !== 'graphql' || !isJsonObject(value) || value['enabled'] === true) return false;
  // The dashboard writes the section into every definition, with these values, and none of them counts while it is off.
  const usual: JsonDraft = {};
  for (const field of USUAL_GRAPHQL) writeAt(usual, field, readAt(value, field) ?? null);
  return sameMeaning(usual, value);
}

const USUAL_GRAPHQL = ['execution_mode', 'version', 'proxy.features.use_immutable_headers'];
