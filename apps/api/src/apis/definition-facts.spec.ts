import { apiTypesOf, authTypeNamed, authTypesOf } from './definition-facts';

describe('how callers of an API authenticate', () => {
  it.each([
    [{}, ['authToken']],
    [{ use_keyless: true, enable_jwt: true }, ['keyless']],
    [{ use_standard_auth: true }, ['authToken']],
    [{ enable_jwt: true }, ['jwt']],
    [{ enable_jwt: true, use_standard_auth: true }, ['jwt', 'authToken']],
    [{ use_basic_auth: true }, ['basic']],
    [{ use_oauth2: true }, ['oauth']],
    [{ use_openid: true }, ['oidc']],
    [{ enable_signature_checking: true }, ['hmac']],
    [{ enable_coprocess_auth: true, custom_plugin_auth_enabled: true }, ['coprocess']],
    [{ use_go_plugin_auth: true }, ['goplugin']],
    [{ external_oauth: { enabled: true } }, ['externalOAuth']],
    [{ use_mutual_tls_auth: true, enable_jwt: true }, ['jwt', 'mutualTLS']],
    [{ use_mutual_tls_auth: true }, ['authToken', 'mutualTLS']],
    [{ enable_jwt: 'true' }, ['authToken']],
  ])('%j means %j', (definition, expected) => {
    expect(authTypesOf(definition)).toEqual(expected);
  });

  it.each([
    ['keyless', 'keyless'],
    ['AuthToken', 'authToken'],
    ['auth_token', 'authToken'],
    ['openid', 'oidc'],
    ['MTLS', 'mutualTLS'],
    ['constructor', 'constructor'],
  ])('a filter may call it %s', (spelt, expected) => {
    expect(authTypeNamed(spelt)).toBe(expected);
  });
});

describe('what kind of API it is', () => {
  it.each([
    [{}, ['rest']],
    [{ protocol: 'https' }, ['rest']],
    [{ protocol: 'tcp' }, ['tcp']],
    [{ protocol: 'tls', internal: true }, ['tcp', 'internal']],
    [{ graphql: { enabled: false, execution_mode: 'supergraph' } }, ['rest']],
    [{ graphql: { enabled: true } }, ['graphql']],
    [{ graphql: { enabled: true, execution_mode: 'proxyOnly' } }, ['graphql']],
    [{ graphql: { enabled: true, execution_mode: 'executionEngine' } }, ['udg']],
    [{ graphql: { enabled: true, execution_mode: 'subgraph' } }, ['subgraph']],
    [{ graphql: { enabled: true, execution_mode: 'supergraph' } }, ['supergraph']],
    [{ graphql: { enabled: true, execution_mode: 'constructor' } }, ['graphql']],
    [{ internal: true }, ['rest', 'internal']],
  ])('%j is %j', (definition, expected) => {
    expect(apiTypesOf(definition)).toEqual(expected);
  });
});
