import type { JsonObject } from '../../json/json-text';
import { flagAt } from '../../json/read';
import type { CompiledAs } from './kinds';

/**
 * A field that a gateway compiles (docs/tyk/definitions.md#compiled-fields). In `at`, `*` is each entry of a map and `[]` each
 * entry of a list. Without a condition it is compiled whether what it belongs to is on or not, by some generation of gateways.
 */
export interface CompiledField {
  readonly at: string;
  readonly as: CompiledAs;
  /** Whether the object that the last field stands in, or the whole document, makes gateways compile it. */
  readonly when?: (owner: JsonObject, document: JsonObject) => boolean;
}

const VERSION = 'version_data.versions.*';
const LISTS = `${VERSION}.extended_paths`;

/** Lists of `extended_paths` whose entries have a path. */
const PATH_LISTS = [
  ...[
    'ignored',
    'white_list',
    'black_list',
    'mock_response',
    'advance_cache_config',
    'transform',
    'transform_response',
  ],
  ...['transform_jq', 'transform_jq_response', 'transform_headers', 'transform_response_headers', 'hard_timeouts'],
  ...['circuit_breakers', 'url_rewrites', 'virtual', 'size_limits', 'method_transforms', 'track_endpoints'],
  ...['do_not_track_endpoints', 'validate_json', 'internal', 'go_plugin', 'persist_graphql', 'rate_limit'],
];

const TRIGGER = `${LISTS}.url_rewrites[].triggers[].options`;
const MATCHES = [
  ...['header_matches', 'query_val_matches', 'path_part_matches', 'session_meta_matches', 'request_context_matches'],
];

const readsBody = (owner: JsonObject, document: JsonObject): boolean =>
  flagAt(document, 'use_basic_auth') && flagAt(owner, 'extract_from_body');

/** Of a classic definition. */
export const DEFINITION_FIELDS: readonly CompiledField[] = [
  ...['ignored', 'white_list', 'black_list'].map((list) => ({ at: `${VERSION}.paths.${list}[]`, as: 'path' }) as const),
  { at: `${LISTS}.cache[]`, as: 'path' },
  ...PATH_LISTS.map((list) => ({ at: `${LISTS}.${list}[].path`, as: 'path' }) as const),
  { at: `${LISTS}.url_rewrites[].match_pattern`, as: 'regexp' },
  ...MATCHES.map((map) => ({ at: `${TRIGGER}.${map}.*.match_rx`, as: 'regexp' }) as const),
  { at: `${TRIGGER}.payload_matches.match_rx`, as: 'regexp' },
  { at: `${LISTS}.advance_cache_config[].cache_key_regex`, as: 'regexp' },
  { at: `${LISTS}.transform[].template_data`, as: 'template' },
  { at: `${LISTS}.transform_response[].template_data`, as: 'template' },
  { at: `${LISTS}.validate_json[].schema`, as: 'jsonSchema' },
  { at: 'basic_auth.body_user_regexp', as: 'regexp', when: readsBody },
  { at: 'basic_auth.body_password_regexp', as: 'regexp', when: readsBody },
  { at: 'custom_middleware.id_extractor.extractor_config.regex_expression', as: 'regexp' },
  { at: 'definition.url_versioning_pattern', as: 'regexp' },
  { at: 'error_overrides.*[].match.message_pattern', as: 'regexp' },
  { at: 'graphql.schema', as: 'graphql', when: (owner) => flagAt(owner, 'enabled') },
  { at: 'jwt_signing_method', as: 'signingMethod', when: (owner) => flagAt(owner, 'enable_jwt') },
  {
    at: 'external_oauth.providers[].jwt.signing_method',
    as: 'signingMethod',
    when: (owner) => flagAt(owner, 'enabled'),
  },
];

/** Of a policy. */
export const POLICY_FIELDS: readonly CompiledField[] = [
  { at: 'access_rights.*.allowed_urls[].url', as: 'allowedUrl' },
  { at: 'access_rights.*.endpoints[].path', as: 'path' },
];

const OPERATION = 'middleware.operations.*';
const SCHEME = 'server.authentication.securitySchemes.*';
const isEnabled = (owner: JsonObject): boolean => flagAt(owner, 'enabled');

/** Of Tyk's extension of an OpenAPI document. */
export const EXTENSION_FIELDS: readonly CompiledField[] = [
  { at: `${OPERATION}.urlRewrite.pattern`, as: 'regexp' },
  { at: `${OPERATION}.urlRewrite.triggers[].rules[].pattern`, as: 'regexp' },
  { at: `${OPERATION}.cache.cacheByRegex`, as: 'regexp' },
  { at: `${OPERATION}.transformRequestBody`, as: 'bodyTransform' },
  { at: `${OPERATION}.transformResponseBody`, as: 'bodyTransform' },
  { at: `${SCHEME}.signingMethod`, as: 'signingMethod', when: isEnabled },
  { at: `${SCHEME}.providers[].jwt.signingMethod`, as: 'signingMethod', when: isEnabled },
  { at: `${SCHEME}.extractCredentialsFromBody.userRegexp`, as: 'regexp', when: isEnabled },
  { at: `${SCHEME}.extractCredentialsFromBody.passwordRegexp`, as: 'regexp', when: isEnabled },
  { at: 'server.authentication.custom.config.idExtractor.config.regexp', as: 'regexp' },
  { at: 'info.versioning.urlVersioningPattern', as: 'regexp' },
  { at: 'errorOverrides.value.*[].match.messagePattern', as: 'regexp' },
];
