import * as fc from 'fast-check';
import type { JsonObject } from '../json/json-text';
import { at, objectAt } from '../json/read';
import { checkDefinition } from '../check/classic/check-definition';
import { anyJson } from '../testing/arbitraries';
import { fixtures } from '../../../../test/fixtures/load';
import { smallApi, smallExtension } from '../testing/documents';
import { deriveClassicDefinition } from './to-classic';
import { EXTENSION } from '../openapi/values';

/** The lists of paths of the API's only version. */
function lists(definition: JsonObject): JsonObject {
  return objectAt(definition, 'version_data', 'versions', '', 'extended_paths');
}

function server(section: JsonObject): JsonObject {
  return { server: { ...objectAt(smallExtension, 'server'), ...section } };
}

function upstream(section: JsonObject): JsonObject {
  return { upstream: { ...objectAt(smallExtension, 'upstream'), ...section } };
}

function global(section: JsonObject): JsonObject {
  return { middleware: { global: section } };
}

describe('the classic definition of an OAS API', () => {
  it('is one that nodes can decode, with the marks of an OAS API', () => {
    const definition = deriveClassicDefinition(smallApi());
    expect(checkDefinition(definition)).toEqual([]);
    expect(definition).toMatchObject({
      is_oas: true,
      name: 'Small',
      active: true,
      internal: false,
      use_keyless: true,
      proxy: { listen_path: '/small/', strip_listen_path: false, target_url: 'https://small.example.com' },
      version_data: { not_versioned: true, default_version: '', versions: { '': { use_extended_paths: true } } },
    });
  });

  it('has everything off that the extension does not mention, whatever it was before', () => {
    const before = {
      domain: 'old.example.com',
      tags: ['old'],
      enable_jwt: true,
      jwt_source: 'old',
      CORS: { enable: true, max_age: 5, added_later: 1 },
      global_rate_limit: { rate: 5, per: 5 },
      event_handlers: { events: { A: [{ handler_name: 'eh_log_handler', handler_meta: {} }] } },
      uptime_tests: { check_list: [{ url: 'http://old' }] },
      version_data: {
        versions: { Default: { global_headers: { a: 'b' }, extended_paths: { internal: [{ path: '/' }] } } },
      },
    };
    const definition = deriveClassicDefinition(smallApi(), before);
    expect(definition).toMatchObject({
      domain: '',
      domain_disabled: true,
      tags: [],
      tags_disabled: true,
      enable_jwt: false,
      jwt_source: '',
      CORS: { enable: false, max_age: 0, added_later: 1 },
      global_rate_limit: { disabled: true, rate: 0, per: 0 },
      event_handlers: { events: {} },
      uptime_tests: { disabled: true, check_list: [] },
    });
    expect(at(definition, 'version_data', 'versions', '', 'global_headers')).toEqual({});
    expect(lists(definition)).toEqual({});
  });

  it('keeps what has no counterpart in the extension', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const base: JsonObject = {
          graphql: value,
          unknown: value,
          proxy: { unknown: value },
          version_data: {
            versions: {
              Default: { name: 'Default', unknown: value, extended_paths: { transform_jq: value, unknown: value } },
            },
          },
          event_handlers: { events: { A: [{ handler_name: 'cp_dynamic_handler', handler_meta: value }] } },
        };
        const definition = deriveClassicDefinition(smallApi(), base);
        expect(definition).toMatchObject({ graphql: value, unknown: value, event_handlers: base['event_handlers'] });
        expect(at(definition, 'proxy', 'unknown')).toEqual(value);
        expect(at(definition, 'version_data', 'versions', '', 'unknown')).toEqual(value);
        expect(lists(definition)).toEqual({ transform_jq: value, unknown: value });
      }),
    );
  });

  it('changes neither the document nor the definition it starts from', () => {
    const oas = smallApi(global({ cors: { enabled: true } }), { allow: { enabled: true } });
    const base = {
      proxy: { listen_path: '/old/' },
      uptime_tests: { config: {} },
      version_data: { versions: { '': {} } },
    };
    const copies = structuredClone([oas, base]);
    deriveClassicDefinition(oas, base);
    expect([oas, base]).toEqual(copies);
  });

  it('takes its identity from the extension, or keeps the one it had', () => {
    const named = {
      info: { ...objectAt(smallExtension, 'info'), id: 'new', dbId: '0123456789abcdef01234567', orgId: 'o' },
    };
    const base = { api_id: 'old', id: 'old', org_id: 'old', slug: 'old' };
    expect(deriveClassicDefinition(smallApi(named), base)).toMatchObject({ api_id: 'new', org_id: 'o', slug: 'old' });
    expect(deriveClassicDefinition(smallApi(), base)).toMatchObject(base);
  });

  it('says where versions of the API are found', () => {
    const versioning = {
      enabled: true,
      name: 'v1',
      default: 'self',
      location: 'url',
      key: '',
      versions: [{ name: 'v2', id: 'api-2' }],
      fallbackToDefault: true,
    };
    const definition = deriveClassicDefinition(smallApi({ info: { ...objectAt(smallExtension, 'info'), versioning } }));
    expect(definition['definition']).toMatchObject({
      enabled: true,
      default: 'self',
      versions: { v2: 'api-2' },
      fallback_to_default: true,
    });
  });

  it('has no values left in sections that are switched off, which older nodes would use', () => {
    const definition = deriveClassicDefinition(
      smallApi({
        ...server({
          gatewayTags: { enabled: false, tags: ['a'] },
          customDomain: { enabled: false, name: 'd', certificates: ['c'] },
        }),
        ...global({ transformRequestHeaders: { enabled: false, add: [{ name: 'a', value: 'b' }] } }),
      }),
    );
    expect(definition).toMatchObject({
      tags: [],
      tags_disabled: true,
      domain: '',
      domain_disabled: true,
      certificates: ['c'],
    });
    expect(at(definition, 'version_data', 'versions', '')).toMatchObject({
      global_headers: {},
      global_headers_disabled: true,
    });
  });

  it('translates what stands in front of the API', () => {
    const definition = deriveClassicDefinition(
      smallApi(
        server({
          listenPath: { value: '/x/', strip: true },
          protocol: 'https',
          port: 8443,
          clientCertificates: { enabled: true, allowlist: ['c1'] },
          gatewayTags: { enabled: true, tags: ['eu'] },
          customDomain: { enabled: true, name: 'x.example.com' },
          ipAccessControl: { enabled: true, allow: ['10.0.0.1'], block: [] },
          detailedActivityLogs: { enabled: true },
          eventHandlers: [
            {
              enabled: true,
              type: 'webhook',
              trigger: 'QuotaExceeded',
              id: 'h',
              url: 'https://h',
              method: 'POST',
              cooldownPeriod: '1m',
              headers: [{ name: 'a', value: 'b' }],
            },
            { enabled: true, type: 'log', trigger: 'QuotaExceeded', logPrefix: 'quota' },
            { enabled: false, type: 'log', trigger: 'AuthFailure', logPrefix: 'off' },
          ],
        }),
      ),
    );
    expect(definition).toMatchObject({
      protocol: 'https',
      listen_port: 8443,
      use_mutual_tls_auth: true,
      client_certificates: ['c1'],
      tags: ['eu'],
      tags_disabled: false,
      domain: 'x.example.com',
      domain_disabled: false,
      ip_access_control_disabled: false,
      enable_ip_whitelisting: true,
      allowed_ips: ['10.0.0.1'],
      enable_ip_blacklisting: false,
      enable_detailed_recording: true,
    });
    expect(at(definition, 'event_handlers', 'events')).toEqual({
      QuotaExceeded: [
        {
          handler_name: 'eh_web_hook_handler',
          handler_meta: {
            disabled: false,
            id: 'h',
            name: '',
            target_path: 'https://h',
            method: 'POST',
            header_map: { a: 'b' },
            event_timeout: 60,
            template_path: '',
          },
        },
        { handler_name: 'eh_log_handler', handler_meta: { disabled: false, prefix: 'quota' } },
      ],
    });
  });

  it('translates what stands behind the API', () => {
    const definition = deriveClassicDefinition(
      smallApi(
        upstream({
          serviceDiscovery: { enabled: true, queryEndpoint: 'http://sd', cacheTimeout: 30 },
          uptimeTests: {
            enabled: true,
            hostDownRetestPeriod: '10s',
            tests: [{ url: 'tcp://up:1', timeout: '1s500ms', method: 'GET', headers: { a: 'b' } }],
          },
          mutualTLS: { enabled: true, domainToCertificateMapping: [{ domain: '*', certificate: 'c' }] },
          certificatePinning: { enabled: true, domainToPublicKeysMapping: [{ domain: 'd', publicKeys: ['k1', 'k2'] }] },
          rateLimit: { enabled: true, rate: 100, per: '1m' },
          loadBalancing: {
            enabled: true,
            targets: [
              { url: 'http://a', weight: 2 },
              { url: 'http://b', weight: 1 },
            ],
          },
          tlsTransport: { minVersion: '1.2' },
          proxy: { enabled: true, url: 'http://proxy' },
        }),
      ),
    );
    expect(definition).toMatchObject({
      proxy: {
        service_discovery: {
          use_discovery_service: true,
          query_endpoint: 'http://sd',
          cache_disabled: false,
          cache_timeout: 30,
        },
        enable_load_balancing: true,
        target_list: ['http://a', 'http://a', 'http://b'],
        transport: { ssl_min_version: 771, ssl_max_version: 0, proxy_url: 'http://proxy' },
      },
      uptime_tests: {
        disabled: false,
        config: { recheck_wait: 10 },
        check_list: [
          { url: 'tcp://up:1', protocol: 'tcp', timeout: 1_500_000_000, method: 'GET', headers: { a: 'b' } },
        ],
      },
      upstream_certificates: { '*': 'c' },
      pinned_public_keys: { d: 'k1,k2' },
      global_rate_limit: { disabled: false, rate: 100, per: 60 },
    });
  });

  it('translates what holds for all requests', () => {
    const plugin = { enabled: true, functionName: 'F', path: 'p.so' };
    const definition = deriveClassicDefinition(
      smallApi(
        global({
          pluginConfig: { driver: 'goplugin', data: { enabled: true, value: { a: [1] } } },
          prePlugin: { plugins: [plugin] },
          postPlugins: [{ ...plugin, enabled: false }],
          cache: { enabled: true, timeout: 5, cacheResponseCodes: [200] },
          transformResponseHeaders: { enabled: true, remove: ['r'], add: [{ name: '__proto__', value: 'x' }] },
          contextVariables: { enabled: true },
          trafficLogs: { enabled: true, customRetentionPeriod: '2h', plugins: [plugin] },
          requestSizeLimit: { enabled: true, value: 9 },
          skipQuota: true,
        }),
      ),
    );
    expect(definition).toMatchObject({
      config_data: { a: [1] },
      config_data_disabled: false,
      custom_middleware: {
        driver: 'goplugin',
        pre: [{ disabled: false, name: 'F', path: 'p.so' }],
        post: [{ disabled: true, name: '' }],
      },
      cache_options: { enable_cache: true, cache_timeout: 5, cache_response_codes: [200] },
      enable_context_vars: true,
      do_not_track: false,
      expire_analytics_after: 7200,
      analytics_plugin: { enable: true, func_name: 'F', plugin_path: 'p.so' },
      disable_quota: true,
    });
    const version = objectAt(definition, 'version_data', 'versions', '');
    expect(version).toMatchObject({
      global_size_limit: 9,
      global_size_limit_disabled: false,
      global_response_headers_remove: ['r'],
    });
    expect(JSON.stringify(version['global_response_headers'])).toBe('{"__proto__":"x"}');
  });
});

describe('real OAS documents', () => {
  it('give definitions that nodes can decode', () => {
    for (const { document } of fixtures('definitions')) {
      if (document['openapi'] === undefined) continue;
      const definition = deriveClassicDefinition(document);
      expect(checkDefinition(definition)).toEqual([]);
      expect(definition['name']).toBe(at(document, EXTENSION, 'info', 'name'));
    }
  });
});
