import {
  commaList,
  duration,
  each,
  eachValue,
  flag,
  headers,
  list,
  number,
  object,
  opposite,
  pairs,
  seconds,
  text,
  tlsVersion,
  whole,
  type Codec,
} from './codecs';
import { type JsonValue } from '../json/json-text';
import { nested, type Shape } from './shape';
import { objectAt, textAt } from '../json/read';
import { objectsOf } from '../openapi/values';

/** A section of the extension, at `at`, whose classic fields stand in the definition itself or in its only version. */
export interface Section extends Shape {
  readonly at: string;
  readonly in: 'definition' | 'version';
}

function section(at: string, fields: Shape['fields'], off?: string): Section {
  return { at, in: 'definition', fields, ...(off === undefined ? {} : { off }) };
}

function versionSection(at: string, fields: Shape['fields'], off?: string): Section {
  return { ...section(at, fields, off), in: 'version' };
}

/** One plugin of a phase: `custom_middleware.pre[]` and so on. */
const plugins = each(
  nested({
    off: 'disabled',
    fields: [
      ['functionName', 'name', text, 'required'],
      ['path', 'path', text],
      ['code', 'code', text],
      ['rawBodyOnly', 'raw_body_only', flag],
      ['requireSession', 'require_session', flag],
    ],
  }),
);

/** The extension has a list of analytics plugins, of which nodes run the first. */
const analyticsPlugin: Codec = {
  toClassic: (value) => {
    const plugin = objectsOf(value)[0] ?? {};
    return {
      enable: plugin['enabled'] === true,
      func_name: textAt(plugin['functionName']),
      plugin_path: textAt(plugin['path']),
    };
  },
  toOas: (value) => {
    const plugin = objectAt(value);
    if (plugin['enable'] !== true) return undefined;
    const path: JsonValue = textAt(plugin['plugin_path']);
    return [{ enabled: true, functionName: textAt(plugin['func_name']), path }];
  },
  empty: [],
};

const errorOverrides = eachValue(
  each(
    nested({
      fields: [
        ['match.flag', 'match.flag', text],
        ['match.messagePattern', 'match.message_pattern', text],
        ['match.bodyField', 'match.body_field', text],
        ['match.bodyValue', 'match.body_value', text],
        ['response.statusCode', 'response.status_code', number, 'required'],
        ['response.body', 'response.body', text],
        ['response.message', 'response.message', text],
        ['response.template', 'response.template', text],
        ['response.headers', 'response.headers', object],
      ],
    }),
  ),
);

const INFO_AND_SERVER = [
  section('info', [
    ['name', 'name', text, 'required'],
    ['expiration', 'expiration', text],
    ['state.active', 'active', flag, 'required'],
    ['state.internal', 'internal', flag],
  ]),
  section('info.versioning', [
    ['enabled', 'definition.enabled', flag, 'required'],
    ['name', 'definition.name', text],
    ['default', 'definition.default', text, 'required'],
    ['location', 'definition.location', text, 'required'],
    ['key', 'definition.key', text],
    ['versions', 'definition.versions', pairs('name', 'id'), 'required'],
    ['stripVersioningData', 'definition.strip_versioning_data', flag],
    ['urlVersioningPattern', 'definition.url_versioning_pattern', text],
    ['fallbackToDefault', 'definition.fallback_to_default', flag],
  ]),
  section('server', [
    ['listenPath.value', 'proxy.listen_path', text, 'required'],
    ['listenPath.strip', 'proxy.strip_listen_path', flag],
    ['protocol', 'protocol', text],
    ['port', 'listen_port', number],
    ['detailedActivityLogs.enabled', 'enable_detailed_recording', flag],
    ['detailedTracing.enabled', 'detailed_tracing', flag],
    ['batchProcessing.enabled', 'enable_batch_request_support', flag],
    // Not part of the section below: nodes load the certificates whether or not the domain is in use.
    ['customDomain.certificates', 'certificates', list],
  ]),
  section('server.clientCertificates', [
    ['enabled', 'use_mutual_tls_auth', flag, 'required'],
    ['allowlist', 'client_certificates', list, 'required'],
  ]),
  section('server.gatewayTags', [['tags', 'tags', list, 'required']], 'tags_disabled'),
  section('server.customDomain', [['name', 'domain', text, 'required']], 'domain_disabled'),
];

const UPSTREAM = [
  section('upstream', [
    ['url', 'proxy.target_url', text, 'required'],
    ['preserveHostHeader.enabled', 'proxy.preserve_host_header', flag],
    ['preserveTrailingSlash.enabled', 'proxy.disable_strip_slash', flag],
    ['tlsTransport.insecureSkipVerify', 'proxy.transport.ssl_insecure_skip_verify', flag],
    ['tlsTransport.ciphers', 'proxy.transport.ssl_ciphers', list],
    ['tlsTransport.minVersion', 'proxy.transport.ssl_min_version', tlsVersion],
    ['tlsTransport.maxVersion', 'proxy.transport.ssl_max_version', tlsVersion],
    ['tlsTransport.forceCommonNameCheck', 'proxy.transport.ssl_force_common_name_check', flag],
  ]),
  section(
    'upstream.mutualTLS',
    [['domainToCertificateMapping', 'upstream_certificates', pairs('domain', 'certificate'), 'required']],
    'upstream_certificates_disabled',
  ),
  section(
    'upstream.certificatePinning',
    [['domainToPublicKeysMapping', 'pinned_public_keys', pairs('domain', 'publicKeys', commaList), 'required']],
    'certificate_pinning_disabled',
  ),
  section(
    'upstream.rateLimit',
    [
      ['rate', 'global_rate_limit.rate', whole, 'required'],
      ['per', 'global_rate_limit.per', seconds, 'required'],
    ],
    'global_rate_limit.disabled',
  ),
  section('upstream.authentication', [['enabled', 'upstream_auth.enabled', flag, 'required']]),
  section('upstream.authentication.basicAuth', [
    ['enabled', 'upstream_auth.basic_auth.enabled', flag, 'required'],
    ['header.enabled', 'upstream_auth.basic_auth.header.enabled', flag],
    ['header.name', 'upstream_auth.basic_auth.header.name', text],
    ['username', 'upstream_auth.basic_auth.username', text, 'required'],
    ['password', 'upstream_auth.basic_auth.password', text, 'required'],
  ]),
  section('upstream.authentication.oauth', [
    ['enabled', 'upstream_auth.oauth.enabled', flag, 'required'],
    ['allowedAuthorizeTypes', 'upstream_auth.oauth.allowed_authorize_types', list, 'required'],
    ...oauthGrant('clientCredentials', 'client_credentials'),
    ...oauthGrant('password', 'password'),
    ['password.username', 'upstream_auth.oauth.password.username', text],
    ['password.password', 'upstream_auth.oauth.password.password', text],
  ]),
  section('upstream.authentication.requestSigning', [
    ['enabled', 'request_signing.is_enabled', flag, 'required'],
    ['signatureHeader', 'request_signing.signature_header', text],
    ['algorithm', 'request_signing.algorithm', text],
    ['keyId', 'request_signing.key_id', text],
    ['headers', 'request_signing.header_list', list],
    ['secret', 'request_signing.secret', text],
    ['certificateId', 'request_signing.certificate_id', text],
  ]),
  versionSection(
    'upstream.enforceTimeout',
    [['duration', 'global_enforce_timeout', duration]],
    'global_enforce_timeout_disabled',
  ),
];

const GLOBAL = [
  section('middleware.global', [
    ['pluginConfig.driver', 'custom_middleware.driver', text],
    ['prePlugins', 'custom_middleware.pre', plugins],
    ['postAuthenticationPlugins', 'custom_middleware.post_key_auth', plugins],
    ['postPlugins', 'custom_middleware.post', plugins],
    ['responsePlugins', 'custom_middleware.response', plugins],
    ['contextVariables.enabled', 'enable_context_vars', flag],
    ['skipRateLimit', 'disable_rate_limit', flag],
    ['skipQuota', 'disable_quota', flag],
    ['skipQuotaReset', 'dont_set_quota_on_create', flag],
  ]),
  versionSection('middleware.global', [['ignoreCase.enabled', 'ignore_endpoint_case', flag]]),
  section(
    'middleware.global.pluginConfig.bundle',
    [['path', 'custom_middleware_bundle', text, 'required']],
    'custom_middleware_bundle_disabled',
  ),
  section(
    'middleware.global.pluginConfig.data',
    [['value', 'config_data', object, 'required']],
    'config_data_disabled',
  ),
  section('middleware.global.cors', [
    ['enabled', 'CORS.enable', flag, 'required'],
    ['maxAge', 'CORS.max_age', number],
    ['allowCredentials', 'CORS.allow_credentials', flag],
    ['exposedHeaders', 'CORS.exposed_headers', list],
    ['allowedHeaders', 'CORS.allowed_headers', list],
    ['optionsPassthrough', 'CORS.options_passthrough', flag],
    ['debug', 'CORS.debug', flag],
    ['allowedOrigins', 'CORS.allowed_origins', list],
    ['allowedMethods', 'CORS.allowed_methods', list],
  ]),
  section('middleware.global.cache', [
    ['enabled', 'cache_options.enable_cache', flag, 'required'],
    ['timeout', 'cache_options.cache_timeout', number],
    ['cacheAllSafeRequests', 'cache_options.cache_all_safe_requests', flag],
    ['cacheResponseCodes', 'cache_options.cache_response_codes', list],
    ['cacheByHeaders', 'cache_options.cache_by_headers', list],
    ['enableUpstreamCacheControl', 'cache_options.enable_upstream_cache_control', flag],
    ['controlTTLHeaderName', 'cache_options.cache_control_ttl_header', text],
  ]),
  section('middleware.global.trafficLogs', [
    ['enabled', 'do_not_track', opposite],
    ['tagHeaders', 'tag_headers', list],
    ['customRetentionPeriod', 'expire_analytics_after', seconds],
    ['plugins', 'analytics_plugin', analyticsPlugin],
  ]),
  versionSection(
    'middleware.global.transformRequestHeaders',
    [
      ['remove', 'global_headers_remove', list],
      ['add', 'global_headers', headers],
    ],
    'global_headers_disabled',
  ),
  versionSection(
    'middleware.global.transformResponseHeaders',
    [
      ['remove', 'global_response_headers_remove', list],
      ['add', 'global_response_headers', headers],
    ],
    'global_response_headers_disabled',
  ),
  versionSection(
    'middleware.global.requestSizeLimit',
    [['value', 'global_size_limit', number, 'required']],
    'global_size_limit_disabled',
  ),
  section('errorOverrides', [['value', 'error_overrides', errorOverrides]], 'error_overrides_disabled'),
];

/**
 * What stands for what in the extension and in the classic definition, as far as field matches field. Source of the names and
 * meanings: the node's own conversion (apidef/oas of the Tyk gateway, 5.2 to 5.9).
 */
export const SECTIONS: readonly Section[] = [...INFO_AND_SERVER, ...UPSTREAM, ...GLOBAL];

function oauthGrant(oas: string, classic: string): Shape['fields'] {
  const at = `upstream_auth.oauth.${classic}`;
  return [
    [`${oas}.clientId`, `${at}.client_id`, text],
    [`${oas}.clientSecret`, `${at}.client_secret`, text],
    [`${oas}.method`, `${at}.method`, text],
    [`${oas}.tokenUrl`, `${at}.token_url`, text],
    [`${oas}.scopes`, `${at}.scopes`, list],
    [`${oas}.extraMetadata`, `${at}.extra_metadata`, list],
    [`${oas}.header.enabled`, `${at}.header.enabled`, flag],
    [`${oas}.header.name`, `${at}.header.name`, text],
  ];
}
