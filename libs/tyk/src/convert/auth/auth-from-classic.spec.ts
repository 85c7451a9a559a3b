import type { JsonObject } from '../../json/json-text';
import { objectAt } from '../../json/read';
import { migrateToOas } from '../from-classic';
import { extensionOf, minimal } from '../../testing/classic';

describe('migrated authentication', () => {
  function authentication(changes: JsonObject): { document: JsonObject; authentication: JsonObject } {
    const { oas } = migrateToOas({ ...minimal, use_keyless: false, ...changes });
    return { document: oas, authentication: objectAt(extensionOf(oas), 'server', 'authentication') };
  }

  it('is a token where nothing else is on, as on nodes', () => {
    const found = authentication({ auth: { auth_header_name: 'X-Token' } });
    expect(found.document).toMatchObject({
      security: [{ authToken: [] }],
      components: { securitySchemes: { authToken: { type: 'apiKey', in: 'header', name: 'X-Token' } } },
    });
    expect(found.authentication).toEqual({ enabled: true, securitySchemes: { authToken: { enabled: true } } });
  });

  it('asks for all methods together, each with its scheme', () => {
    const found = authentication({
      use_standard_auth: true,
      enable_jwt: true,
      use_basic_auth: true,
      use_oauth2: true,
      oauth_meta: { allowed_access_types: ['refresh_token', 'client_credentials'] },
      auth_configs: {
        authToken: { disable_header: true, use_cookie: true, cookie_name: 'c' },
        jwt: { name: 'bearer', auth_header_name: 'A' },
      },
    });
    expect(found.document).toMatchObject({
      security: [{ authToken: [], bearer: [], basic: [], oauth: [] }],
      components: {
        securitySchemes: {
          authToken: { in: 'cookie', name: 'c' },
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          basic: { type: 'http', scheme: 'basic' },
          oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: '/oauth/token', scopes: {} } } },
        },
      },
    });
    expect(found.authentication).toMatchObject({ securitySchemes: { oauth: { enabled: true, refreshToken: true } } });
  });

  it('reads the scopes where older definitions have them', () => {
    const old = { jwt_scope_claim_name: 'scope', jwt_scope_to_policy_mapping: { a: 'p' } };
    const scopes = { claimName: 'scope', scopeToPolicyMapping: [{ scope: 'a', policyId: 'p' }] };
    expect(authentication({ enable_jwt: true, ...old }).authentication).toMatchObject({
      securitySchemes: { jwt: { scopes } },
    });
    expect(authentication({ use_openid: true, ...old }).authentication).toMatchObject({ oidc: { scopes } });
  });

  it('reports settings of methods that are off, but not what the dashboard writes into every definition', () => {
    const usual = {
      hmac_allowed_clock_skew: -1,
      auth_configs: { hmac: { auth_header_name: 'Authorization', name: 'hmac' } },
    };
    expect(migrateToOas({ ...minimal, ...usual }).report).toEqual([]);
    const unusual = { hmac_allowed_clock_skew: 5, auth_configs: { hmac: { auth_header_name: 'X-Sign' } } };
    expect(migrateToOas({ ...minimal, ...unusual }).report.map(({ path }) => path)).toEqual([
      'hmac_allowed_clock_skew',
      'auth_configs["hmac"]',
    ]);
  });
});
