import type { JsonObject } from '../json/json-text';

/** A definition with something of everything: versions, rules of several kinds, authentication, data graph, events. */
export const fullDefinition: JsonObject = {
  id: '5ead71205759610001818680',
  name: 'Orders',
  slug: 'orders',
  api_id: '9d5f0c2e8b7a4d6f9e1c3b5a7d9f0e2c',
  org_id: '5e9d9544a1dcd60001d0ed20',
  active: true,
  tags: ['eu', 'public'],
  domain: 'orders.example.com',
  use_keyless: false,
  use_standard_auth: true,
  enable_jwt: true,
  jwt_signing_method: 'rsa',
  jwt_source: 'https://idp.example.com/jwks',
  jwt_issued_at_validation_skew: 5,
  hmac_allowed_clock_skew: -1,
  auth: { auth_header_name: 'Authorization', signature: { allowed_clock_skew: 2, error_code: 401 } },
  auth_configs: { authToken: { auth_header_name: 'Authorization' }, jwt: { disable_header: true, use_cookie: true } },
  definition: { location: 'header', key: 'x-api-version', versions: { v2: 'other-api' } },
  version_data: {
    not_versioned: false,
    default_version: 'v1.0',
    versions: {
      'v1.0': {
        name: 'v1.0',
        expires: '2030-01-02 15:04',
        use_extended_paths: true,
        global_headers: { 'x-from': 'gateway' },
        global_size_limit: 0,
        extended_paths: {
          white_list: [
            { path: '/orders', method_actions: { GET: { action: 'reply', code: 200, data: '[]', headers: {} } } },
          ],
          url_rewrites: [
            {
              path: '/old',
              method: 'GET',
              match_pattern: '/old/(.*)',
              rewrite_to: '/new/$1',
              triggers: [{ on: 'any', options: { header_matches: { 'x-beta': { match_rx: 'yes', reverse: false } } } }],
            },
          ],
          hard_timeouts: [{ path: '/slow', method: 'GET', timeout: 30, duration: '30s' }],
          circuit_breakers: [{ path: '/', method: 'GET', threshold_percent: 0.5, samples: 10 }],
          validate_json: [{ path: '/orders', method: 'POST', schema: { type: 'object' }, error_response_code: 422 }],
        },
      },
    },
  },
  proxy: {
    listen_path: '/orders/',
    target_url: 'https://orders.internal:8443/api',
    strip_listen_path: true,
    target_list: [],
    transport: { ssl_min_version: 771, ssl_ciphers: [] },
    service_discovery: { use_discovery_service: false, cache_timeout: 60 },
  },
  graphql: {
    enabled: false,
    last_schema_update: '2024-02-29T10:00:00.5Z',
    engine: { data_sources: [{ kind: 'REST', name: 'orders', root_fields: [{ type: 'Query', fields: ['orders'] }] }] },
  },
  event_handlers: {
    events: { QuotaExceeded: [{ handler_name: 'eh_log_handler', handler_meta: { prefix: 'quota' } }] },
  },
  enable_ip_whitelisting: true,
  allowed_ips: ['10.0.0.0/8', '2001:db8::1'],
  global_rate_limit: { rate: 100.5, per: 60 },
  config_data: { 'a.b': { $set: [1, 'two', null] } },
  CORS: { enable: true, allowed_origins: ['*'], max_age: 24 },
  session_lifetime: 0,
  'x.unknown': { $kept: {} },
};
