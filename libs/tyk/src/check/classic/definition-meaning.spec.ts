import { checkDefinition } from './check-definition';
import { checkDefinitionMeaning } from './definition-meaning';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-text';
import { at } from '../../json/read';
import { fullDefinition } from '../../testing/definitions';
import { fixtures } from '../../../../../test/fixtures/load';

const definition = (fields: JsonObject, proxy: JsonObject = {}): JsonObject => ({
  name: 'a',
  proxy: { target_url: 'http://upstream', ...proxy },
  ...fields,
});

function pathsOf(document: JsonObject): string[] {
  expect(checkDefinition(document)).toEqual([]);
  return checkDefinitionMeaning(document).map(({ path }) => path);
}

describe('checkDefinitionMeaning', () => {
  it('has nothing against a full definition and real ones', () => {
    expect(checkDefinitionMeaning(fullDefinition)).toEqual([]);
    for (const { document: wrapper } of fixtures('definitions')) {
      const real = at(wrapper, 'api_definition');
      if (isJsonObject(real)) expect(checkDefinitionMeaning(real)).toEqual([]);
    }
  });

  it.each(['', '/', '/a', '/a/{id:[0-9]+}/', '/tykish/', '/tyk-demo/', '/hello/', '/hello-world/'])(
    'takes the listen path %j',
    (listen_path) => {
      expect(pathsOf(definition({}, { listen_path }))).toEqual([]);
    },
  );

  it.each(['{sub}.example.org', '{sub:[a-z]{2}}.example.org', '', 'api.example.org:8080'])(
    'takes the domain %j',
    (domain) => {
      expect(pathsOf(definition({ domain }))).toEqual([]);
    },
  );

  it.each(['{sub.example.org', '{}.example.org', '{a}.{a}.org'])('refuses the domain %j', (domain) => {
    expect(pathsOf(definition({ domain }))).toEqual(['domain']);
    expect(pathsOf(definition({ domain, domain_disabled: true }))).toEqual([]);
  });

  it.each([
    'a',
    'a/',
    '/a b/',
    '/a{/',
    '/a}/',
    '/{}/',
    '/{a}/{a}/',
    '/a\n',
    '/a\u0000',
    '/tyk',
    '/tyk/',
    '/tyk/reload',
    '/hello',
  ])('refuses the listen path %j', (listen_path) => {
    expect(pathsOf(definition({}, { listen_path }))).toEqual(['proxy.listen_path']);
  });

  it('does not look at the listen path of TCP services', () => {
    expect(pathsOf(definition({ protocol: 'tcp' }, { listen_path: 'x y' }))).toEqual([]);
  });

  it.each([
    '',
    'http://upstream',
    'HTTPS://upstream:8443/a b',
    'h2c://upstream:50051',
    'ws://echo',
    'tcp://grpc:9000',
    'tyk://self/path',
    'http://[2001:db8::1]:80/',
    'env://UPSTREAM',
    'consul://some/key',
    'http://$kv{env/HOST}/',
  ])('takes the target %j', (target_url) => {
    expect(pathsOf(definition({}, { target_url }))).toEqual([]);
  });

  it.each([
    'upstream',
    '//upstream',
    'upstream:8080',
    ' http://upstream',
    'ftp://upstream',
    'http://',
    'http://a b/',
    'http://a:x/',
    'http://a\n',
  ])('refuses the target %j', (target_url) => {
    expect(pathsOf(definition({}, { target_url }))).toEqual(['proxy.target_url']);
  });

  it('asks for a target unless there is another upstream', () => {
    const without = (fields: JsonObject, proxy: JsonObject = {}) => pathsOf({ name: 'a', proxy, ...fields });
    expect(without({})).toEqual(['proxy.target_url']);
    expect(without({}, { target_url: null })).toEqual(['proxy.target_url']);
    expect(without({ graphql: { enabled: true } })).toEqual([]);
    expect(without({ is_oas: true })).toEqual([]);
    expect(without({}, { enable_load_balancing: true, target_list: ['http://a'] })).toEqual([]);
    expect(without({}, { service_discovery: { use_discovery_service: true } })).toEqual([]);
    expect(without({ version_data: { versions: { a: { override_target: 'http://a' } } } })).toEqual([]);
  });

  it.each(['', '9d5f0c2e8b7a4d6f9e1c3b5a7d9f0e2c', 'b3BlcmF0b3IvYXBp', 'orders_v1.2~x=', 'ünï'])(
    'takes the API id %j',
    (api_id) => {
      expect(pathsOf(definition({ api_id }))).toEqual([]);
    },
  );

  it.each(['a/b', '..', 'a b', 'a?b', '{a}', 'a\\b', 'a\u0007', 'a%2fb'])('refuses the API id %j', (api_id) => {
    expect(pathsOf(definition({ api_id }))).toEqual(['api_id']);
  });

  it('wants the default version to exist', () => {
    const versioned = (version_data: JsonObject) => pathsOf(definition({ version_data }));
    expect(versioned({ default_version: 'v2', versions: { v1: {} } })).toEqual(['version_data.default_version']);
    expect(versioned({ default_version: 'toString', versions: { v1: {} } })).toEqual(['version_data.default_version']);
    expect(versioned({ default_version: 'v1', versions: { v1: {} } })).toEqual([]);
    expect(versioned({ default_version: '', versions: { v1: {} } })).toEqual([]);
    expect(versioned({ default_version: 'v2', not_versioned: true, versions: { v1: {} } })).toEqual([]);
    expect(versioned({ default_version: 'v2' })).toEqual([]);
  });

  it('wants enabled authentication to look for credentials somewhere', () => {
    const nowhere = { disable_header: true };
    const auth_configs = { jwt: nowhere, authToken: nowhere, hmac: { disable_header: true, use_param: true } };
    const fields = { auth_configs, enable_jwt: true, enable_signature_checking: true };
    expect(pathsOf(definition(fields))).toEqual(['auth_configs["jwt"]']);
  });

  it('checks IP lists that are in use', () => {
    const lists = { allowed_ips: ['10.0.0.1', '10.0.0.0/33', 'host', '::/129', '::1/64', '1.2.3', '1.2.3.4/a', ''] };
    expect(pathsOf(definition({ ...lists, enable_ip_whitelisting: true }))).toEqual(
      [1, 2, 3, 5, 6, 7].map((index) => `allowed_ips[${index}]`),
    );
    expect(pathsOf(definition(lists))).toEqual([]);
    expect(pathsOf(definition({ enable_ip_blacklisting: true, blacklisted_ips: ['x'] }))).toEqual([
      'blacklisted_ips[0]',
    ]);
  });

  it('wants data sources to have names of their own', () => {
    const data_sources: JsonValue = [{ name: 'a' }, { name: ' A ' }, { name: 'b' }];
    expect(pathsOf(definition({ graphql: { engine: { data_sources } } }))).toEqual([
      'graphql.engine.data_sources[1].name',
    ]);
  });

  it('refuses negative timeouts', () => {
    const hard_timeouts = [{ timeout: -1 }, { timeout: 1, duration: '-1s' }, { timeout: 0, duration: '-0s' }];
    const version = { global_enforce_timeout: '-5m', extended_paths: { hard_timeouts } };
    expect(pathsOf(definition({ version_data: { versions: { v1: version } } }))).toEqual([
      'version_data.versions["v1"].extended_paths.hard_timeouts[0]',
      'version_data.versions["v1"].extended_paths.hard_timeouts[1]',
      'version_data.versions["v1"].global_enforce_timeout',
    ]);
  });

  it('refuses contradictory upstream authentication', () => {
    const upstream = (upstream_auth: JsonObject) => pathsOf(definition({ upstream_auth }));
    const oauth = { enabled: true, allowed_authorize_types: ['clientCredentials'] };
    expect(upstream({ enabled: true, oauth })).toEqual([]);
    expect(upstream({ enabled: true, oauth, basic_auth: { enabled: true } })).toEqual(['upstream_auth']);
    expect(upstream({ enabled: true, oauth: { enabled: true } })).toEqual([
      'upstream_auth.oauth.allowed_authorize_types',
    ]);
    expect(upstream({ enabled: false, oauth: { enabled: true } })).toEqual([]);
  });
});
