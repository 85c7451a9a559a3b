import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-text';
import { flagAt, listAt, numberAt, objectAt, textAt } from '../json/read';
import { isUnset, objectsOf, readAt, textsOf, without, writeAt, type JsonDraft } from '../openapi/values';

/** Parts of a definition and of its version that count only while a flag beside them is not set. */
const SWITCHED = [
  ['domain', 'domain_disabled'],
  ['tags', 'tags_disabled'],
  ['upstream_certificates', 'upstream_certificates_disabled'],
  ['pinned_public_keys', 'certificate_pinning_disabled'],
  ['custom_middleware_bundle', 'custom_middleware_bundle_disabled'],
  ['config_data', 'config_data_disabled'],
  ['error_overrides', 'error_overrides_disabled'],
  ['uptime_tests.check_list', 'uptime_tests.disabled'],
  ['global_headers', 'global_headers_disabled'],
  ['global_response_headers', 'global_response_headers_disabled'],
  ['global_size_limit', 'global_size_limit_disabled'],
  ['global_enforce_timeout', 'global_enforce_timeout_disabled'],
] as const;

/** Parts that have the switch inside. */
const SELF_SWITCHED = ['global_rate_limit', 'custom_middleware.auth_check', 'custom_middleware.id_extractor'] as const;

const METHODS = {
  authToken: 'use_standard_auth',
  jwt: 'enable_jwt',
  basic: 'use_basic_auth',
  oauth: 'use_oauth2',
  hmac: 'enable_signature_checking',
  oidc: 'use_openid',
} as const;

/**
 * What a classic definition means to a node, in one form for all the ways to write it: for comparing definitions in tests. Written
 * from what nodes do with the fields, not from the conversion under test.
 */
export function meaningOf(classic: JsonObject): JsonValue {
  return withoutUnset(meaning(classic));
}

function withoutUnset(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutUnset);
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).filter(([, field]) => !isUnset(field));
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutUnset(field)]));
}

function meaning(classic: JsonObject): JsonObject {
  const definition = switched(
    without(classic, 'version_data', 'is_oas', 'auth', 'jwt_scope_claim_name', 'response_processors'),
  );
  const versions = objectAt(classic, 'version_data', 'versions');
  const name = textAt(classic, 'version_data', 'default_version');
  const version = switched(objectAt(versions[name] ?? versions[''] ?? versions['Default']));
  for (const field of ['proxy.service_discovery', 'uptime_tests.config.service_discovery']) {
    if (!flagAt(readAt(definition, field), 'use_discovery_service')) writeAt(definition, field, {});
  }
  for (const list of ['white', 'black']) {
    const addresses = list === 'white' ? 'allowed_ips' : 'blacklisted_ips';
    definition[addresses] = flagAt(definition, `enable_ip_${list}listing`) ? listAt(definition, addresses) : [];
  }
  meaningOfAuthentication(definition, classic);
  if (!flagAt(definition, 'definition', 'enabled')) definition['definition'] = {};
  // One requirement with all methods is what nodes assume without any.
  if (listAt(definition, 'security_requirements').length <= 1) {
    definition['security_requirements'] = [];
    definition['security_requirement_scopes'] = [];
  }
  const kept = without(
    definition,
    ...['ip_access_control_disabled', 'enable_ip_whitelisting', 'enable_ip_blacklisting'],
    ...['auth_provider', 'session_provider', 'jwt_scope_to_policy_mapping', 'graphql'],
  );
  return {
    ...kept,
    version: { ...without(version, 'name', 'paths', 'expires', 'extended_paths'), lists: listsOf(version, definition) },
  };
}

function switched(part: JsonObject): JsonDraft {
  const draft: JsonDraft = { ...part };
  for (const [field, flag] of SWITCHED) {
    if (readAt(draft, flag) === true) writeAt(draft, field, null);
    if (readAt(draft, flag) !== undefined) writeAt(draft, flag, false);
  }
  for (const field of SELF_SWITCHED) {
    const section = objectAt(readAt(draft, field));
    const unlimited = field === 'global_rate_limit' && numberAt(section, 'rate') <= 0;
    if (!isUnset(section))
      writeAt(draft, field, flagAt(section, 'disabled') || unlimited ? {} : without(section, 'disabled'));
  }
  return draft;
}

function meaningOfAuthentication(definition: JsonDraft, classic: JsonObject): void {
  const custom = ['custom_plugin_auth_enabled', 'use_go_plugin_auth', 'enable_coprocess_auth'];
  definition['custom_plugin_auth_enabled'] = custom.some((flag) => flagAt(definition, flag));
  delete definition['use_go_plugin_auth'];
  delete definition['enable_coprocess_auth'];
  const others = [...Object.values(METHODS).slice(1), 'custom_plugin_auth_enabled'];
  const isOpen = flagAt(definition, 'use_keyless') || others.some((flag) => flagAt(definition, flag));
  if (!isOpen) definition['use_standard_auth'] = true;

  const used = Object.entries(METHODS).filter(([, flag]) => flagAt(definition, flag));
  const configs = used.map(([method]) => {
    const config = objectAt(objectAt(classic, 'auth_configs')[method] ?? classic['auth']);
    const header = textAt(config, 'auth_header_name') || 'Authorization';
    return [
      method,
      { ...without(config, 'name'), auth_header_name: flagAt(config, 'disable_header') ? '' : header },
    ] as const;
  });
  definition['auth_configs'] = Object.fromEntries(configs);
  if (!flagAt(definition, 'enable_signature_checking')) definition['hmac_allowed_clock_skew'] = 0;
  const types = textsOf(readAt(definition, 'oauth_meta.allowed_access_types')).sort();
  writeAt(definition, 'oauth_meta.allowed_access_types', types);
}

/** Entries by list, method and path, without those that nodes skip and those that an OAS API has in its document. */
function listsOf(version: JsonObject, definition: JsonObject): JsonValue {
  const entries: (readonly [string, JsonValue])[] = [];
  const add = (list: string, method: string, entry: JsonObject): void => {
    const path = textAt(entry, 'path').replace(/^(?!\/)/u, '/');
    const content = without(entry, 'path', 'method', 'method_actions', 'disabled');
    // An OAS API always offers the session to its templates.
    if (content['template_data'] !== undefined) writeAt(content, 'template_data.enable_session', true);
    if (!flagAt(entry, 'disabled')) entries.push([`${list} ${method} ${path}`, { ...content, listed: true }]);
  };
  for (const [list, value] of Object.entries(objectAt(version, 'extended_paths'))) {
    if (list === 'cache') {
      const disabled = !flagAt(definition, 'cache_options', 'enable_cache');
      const timeout = numberAt(definition, 'cache_options', 'cache_timeout');
      const codes = listAt(definition, 'cache_options', 'cache_response_codes');
      for (const path of listAt(value)) {
        for (const method of ['GET', 'HEAD', 'OPTIONS']) {
          add('advance_cache_config', method, { path, disabled, timeout, cache_response_codes: codes });
        }
      }
    } else if (!['validate_json', 'validate_request', 'mock_response'].includes(list)) {
      for (const entry of objectsOf(value)) {
        const actions = Object.entries(objectAt(entry, 'method_actions'));
        for (const [method, action] of actions) {
          // The reply itself stands in the document; what is left is a path that asks for no authentication.
          const replies = textAt(action, 'action') === 'reply';
          if (!replies || list === 'white_list') add(list, method, entry);
          if (replies) add('ignored', method, without(entry, 'ignore_case'));
        }
        if (actions.length === 0) add(list, textAt(entry, 'method'), entry);
      }
    }
  }
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
