import type { JsonObject } from '../../json/json-text';
import { at, objectAt } from '../../json/read';
import { smallApi, smallExtension, threeSources } from '../../testing/documents';
import { deriveClassicDefinition } from '../to-classic';

function server(section: JsonObject): JsonObject {
  return { server: { ...objectAt(smallExtension, 'server'), ...section } };
}

describe('authentication of an OAS API', () => {
  const schemes = {
    key: { type: 'apiKey', in: 'query', name: 'key' },
    token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    login: { type: 'http', scheme: 'basic' },
    oauth: {
      type: 'oauth2',
      flows: { password: { tokenUrl: '/t', scopes: {} }, implicit: { authorizationUrl: '/a', scopes: {} } },
    },
  };

  function secured(authentication: JsonObject, security: JsonObject[]): JsonObject {
    return { ...smallApi(server({ authentication })), components: { securitySchemes: schemes }, security };
  }

  it('puts each scheme where nodes look for the method', () => {
    const definition = deriveClassicDefinition(
      secured(
        {
          enabled: true,
          baseIdentityProvider: 'auth_token',
          securitySchemes: {
            key: {
              enabled: true,
              header: { enabled: true, name: 'X-Key' },
              signatureValidation: { enabled: true, algorithm: 'MasheryMD5' },
            },
            token: {
              ...threeSources,
              enabled: true,
              source: 'jwks',
              signingMethod: 'rsa',
              identityBaseField: 'sub',
              scopes: { claimName: 'scope', scopeToPolicyMapping: [{ scope: 'a', policyId: 'p' }] },
            },
            login: { enabled: true, cacheTTL: 5 },
            oauth: { enabled: true, refreshToken: true },
          },
        },
        [{ key: [], token: [], login: [], oauth: [] }],
      ),
    );
    expect(definition).toMatchObject({
      use_keyless: false,
      base_identity_provided_by: 'auth_token',
      use_standard_auth: true,
      enable_jwt: true,
      jwt_source: 'jwks',
      jwt_signing_method: 'rsa',
      jwt_identity_base_field: 'sub',
      scopes: { jwt: { scope_claim_name: 'scope', scope_to_policy: { a: 'p' } } },
      use_basic_auth: true,
      basic_auth: { cache_ttl: 5 },
      use_oauth2: true,
      oauth_meta: { allowed_access_types: ['refresh_token', 'password', '__implicit'] },
    });
    expect(objectAt(definition, 'auth_configs')).toMatchObject({
      authToken: {
        name: 'key',
        use_param: true,
        param_name: 'key',
        disable_header: false,
        auth_header_name: 'X-Key',
        validate_signature: true,
        signature: { algorithm: 'MasheryMD5' },
      },
      jwt: {
        name: 'token',
        auth_header_name: 'X-Header',
        param_name: 'query',
        cookie_name: 'cookie',
        use_cookie: true,
      },
      basic: { name: 'login', disable_header: true },
      oauth: { name: 'oauth', disable_header: true },
    });
    expect(definition['auth']).toEqual(at(definition, 'auth_configs', 'authToken'));
  });

  it('uses the first requirement only, unless alternatives are asked for', () => {
    const securitySchemes = { key: { enabled: true }, token: { enabled: true } };
    const security = [{ key: [] }, { token: [] }];
    const first = deriveClassicDefinition(secured({ enabled: true, securitySchemes }, security));
    expect(first).toMatchObject({ use_standard_auth: true, enable_jwt: false });
    const all = deriveClassicDefinition(
      secured({ enabled: true, securitySchemes, securityProcessingMode: 'compliant' }, security),
    );
    expect(all).toMatchObject({
      use_standard_auth: true,
      enable_jwt: true,
      security_requirements: [['key'], ['token']],
    });
  });

  it('sets up nothing for a document whose requirements nobody switched on', () => {
    const definition = deriveClassicDefinition({
      ...smallApi(),
      components: { securitySchemes: schemes },
      security: [{ key: [], token: [] }],
    });
    expect(definition).toMatchObject({ use_keyless: true, use_standard_auth: false });
    expect(definition['auth_configs']).toEqual({});
  });

  it('has no older spelling left that says something else', () => {
    const base = { jwt_scope_claim_name: 'old', jwt_scope_to_policy_mapping: { old: 'p' }, use_go_plugin_auth: true };
    const definition = deriveClassicDefinition(smallApi(), base);
    expect(definition).not.toHaveProperty('jwt_scope_claim_name');
    expect(definition).not.toHaveProperty('jwt_scope_to_policy_mapping');
    expect(definition).toMatchObject({ use_go_plugin_auth: false });
  });

  it('does not set up a scheme that the document does not require', () => {
    const definition = deriveClassicDefinition(
      secured({ enabled: true, securitySchemes: { token: { enabled: true } } }, [{ key: [] }]),
    );
    expect(definition).toMatchObject({ use_keyless: false, enable_jwt: false });
  });

  it('translates methods that have no scheme in the document', () => {
    const definition = deriveClassicDefinition(
      secured(
        {
          enabled: true,
          hmac: { ...threeSources, enabled: true, allowedAlgorithms: ['hmac-sha256'], allowedClockSkew: 1.5 },
          oidc: {
            enabled: true,
            providers: [{ issuer: 'i', clientToPolicyMapping: [{ clientId: 'c', policyId: 'p' }] }],
          },
          custom: {
            enabled: true,
            config: {
              enabled: true,
              functionName: 'check',
              idExtractor: { enabled: true, source: 'header', with: 'value', config: { headerName: 'A' } },
            },
          },
          customKeyLifetime: { enabled: true, value: '1h' },
          stripAuthorizationData: true,
        },
        [],
      ),
    );
    expect(definition).toMatchObject({
      enable_signature_checking: true,
      hmac_allowed_algorithms: ['hmac-sha256'],
      hmac_allowed_clock_skew: 1.5,
      use_openid: true,
      openid_options: { providers: [{ issuer: 'i', client_ids: { c: 'p' } }] },
      custom_plugin_auth_enabled: true,
      enable_coprocess_auth: true,
      use_go_plugin_auth: false,
      custom_middleware: {
        auth_check: { disabled: false, name: 'check' },
        id_extractor: {
          disabled: false,
          extract_from: 'header',
          extract_with: 'value',
          extractor_config: { header_name: 'A' },
        },
      },
      session_lifetime: 3600,
      strip_auth_data: true,
      auth_configs: { hmac: { auth_header_name: 'X-Header' }, oidc: { disable_header: true } },
    });
    expect(objectAt(definition, 'auth_configs')).not.toHaveProperty('coprocess');
  });
});
