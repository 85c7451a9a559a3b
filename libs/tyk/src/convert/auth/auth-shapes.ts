import { AUTH_METHODS } from '../../openapi/auth-methods';
import { type JsonObject } from '../../json/json-text';
import { duration, each, flag, list, number, pairs, text } from '../codecs';
import { nested, type FieldRow, type Shape } from '../shape';
import { objectAt, textAt } from '../../json/read';
import { type JsonDraft } from '../../openapi/values';

/*
 * Methods of authentication: the fields of the extension and the classic fields, and where a method looks for its credential.
 * Names as in the node's own conversion (apidef/oas of the Tyk gateway).
 */

function scopes(at: string): readonly FieldRow[] {
  return [
    ['scopes.claimName', `${at}.scope_claim_name`, text],
    ['scopes.scopeToPolicyMapping', `${at}.scope_to_policy`, pairs('scope', 'policyId')],
  ];
}

export const JWT: Shape = {
  fields: [
    ['enabled', 'enable_jwt', flag, 'required'],
    ['source', 'jwt_source', text],
    [
      'jwksURIs',
      'jwt_jwks_uris',
      each(
        nested({
          fields: [
            ['url', 'url', text, 'required'],
            ['cacheTimeout', 'cache_timeout', duration],
          ],
        }),
      ),
    ],
    ['signingMethod', 'jwt_signing_method', text],
    ['identityBaseField', 'jwt_identity_base_field', text],
    ['skipKid', 'jwt_skip_kid', flag],
    ['policyFieldName', 'jwt_policy_field_name', text],
    ['clientBaseField', 'jwt_client_base_field', text],
    ...scopes('scopes.jwt'),
    ['defaultPolicies', 'jwt_default_policies', list],
    ['issuedAtValidationSkew', 'jwt_issued_at_validation_skew', number],
    ['notBeforeValidationSkew', 'jwt_not_before_validation_skew', number],
    ['expiresAtValidationSkew', 'jwt_expires_at_validation_skew', number],
    ['idpClientIdMappingDisabled', 'idp_client_id_mapping_disabled', flag],
  ],
};

export const BASIC: Shape = {
  fields: [
    ['enabled', 'use_basic_auth', flag, 'required'],
    ['disableCaching', 'basic_auth.disable_caching', flag],
    ['cacheTTL', 'basic_auth.cache_ttl', number],
    ['extractCredentialsFromBody.enabled', 'basic_auth.extract_from_body', flag],
    ['extractCredentialsFromBody.userRegexp', 'basic_auth.body_user_regexp', text],
    ['extractCredentialsFromBody.passwordRegexp', 'basic_auth.body_password_regexp', text],
  ],
};

export const OAUTH: Shape = {
  fields: [
    ['enabled', 'use_oauth2', flag, 'required'],
    ['allowedAuthorizeTypes', 'oauth_meta.allowed_authorize_types', list],
    ['authLoginRedirect', 'oauth_meta.auth_login_redirect', text],
    ['notifications.sharedSecret', 'notifications.shared_secret', text],
    ['notifications.onKeyChangeUrl', 'notifications.oauth_on_keychange_url', text],
  ],
};

export const EXTERNAL_OAUTH: Shape = {
  fields: [
    ['enabled', 'external_oauth.enabled', flag, 'required'],
    [
      'providers',
      'external_oauth.providers',
      each(
        nested({
          fields: [
            ['jwt.enabled', 'jwt.enabled', flag],
            ['jwt.signingMethod', 'jwt.signing_method', text],
            ['jwt.source', 'jwt.source', text],
            ['jwt.identityBaseField', 'jwt.identity_base_field', text],
            ['jwt.issuedAtValidationSkew', 'jwt.issued_at_validation_skew', number],
            ['jwt.notBeforeValidationSkew', 'jwt.not_before_validation_skew', number],
            ['jwt.expiresAtValidationSkew', 'jwt.expires_at_validation_skew', number],
            ['introspection.enabled', 'introspection.enabled', flag],
            ['introspection.url', 'introspection.url', text],
            ['introspection.clientId', 'introspection.client_id', text],
            ['introspection.clientSecret', 'introspection.client_secret', text],
            ['introspection.identityBaseField', 'introspection.identity_base_field', text],
            ['introspection.cache.enabled', 'introspection.cache.enabled', flag],
            ['introspection.cache.timeout', 'introspection.cache.timeout', number],
          ],
        }),
      ),
    ],
  ],
};

export const HMAC: Shape = {
  fields: [
    ['enabled', 'enable_signature_checking', flag, 'required'],
    ['allowedAlgorithms', 'hmac_allowed_algorithms', list],
    ['allowedClockSkew', 'hmac_allowed_clock_skew', number],
  ],
};

export const OIDC: Shape = {
  fields: [
    ['enabled', 'use_openid', flag, 'required'],
    ['segregateByClientId', 'openid_options.segregate_by_client', flag],
    [
      'providers',
      'openid_options.providers',
      each(
        nested({
          fields: [
            ['issuer', 'issuer', text, 'required'],
            ['clientToPolicyMapping', 'client_ids', pairs('clientId', 'policyId')],
          ],
        }),
      ),
    ],
    ...scopes('scopes.oidc'),
  ],
};

export const CUSTOM: Shape = { fields: [['enabled', 'custom_plugin_auth_enabled', flag, 'required']] };

/** `custom.config`: the plugin that checks the credential. */
export const AUTH_CHECK: Shape = {
  off: 'custom_middleware.auth_check.disabled',
  fields: [
    ['functionName', 'custom_middleware.auth_check.name', text, 'required'],
    ['path', 'custom_middleware.auth_check.path', text],
    ['rawBodyOnly', 'custom_middleware.auth_check.raw_body_only', flag],
    ['requireSession', 'custom_middleware.auth_check.require_session', flag],
  ],
};

const EXTRACTOR = 'custom_middleware.id_extractor';

/** `custom.config.idExtractor`. */
export const ID_EXTRACTOR: Shape = {
  off: `${EXTRACTOR}.disabled`,
  fields: [
    ['source', `${EXTRACTOR}.extract_from`, text, 'required'],
    ['with', `${EXTRACTOR}.extract_with`, text, 'required'],
    ['config.headerName', `${EXTRACTOR}.extractor_config.header_name`, text],
    ['config.formParamName', `${EXTRACTOR}.extractor_config.param_name`, text],
    ['config.regexp', `${EXTRACTOR}.extractor_config.regex_expression`, text],
    ['config.regexpMatchIndex', `${EXTRACTOR}.extractor_config.regex_match_index`, number],
    ['config.xPathExp', `${EXTRACTOR}.extractor_config.xpath_expression`, text],
  ],
};

/** `signatureValidation` of a token, inside its entry of `auth_configs`. */
export const SIGNATURE: Shape = {
  fields: [
    ['enabled', 'validate_signature', flag, 'required'],
    ['algorithm', 'signature.algorithm', text],
    ['header', 'signature.header', text],
    ['query.enabled', 'signature.use_param', flag],
    ['query.name', 'signature.param_name', text],
    ['secret', 'signature.secret', text],
    ['allowedClockSkew', 'signature.allowed_clock_skew', number],
    ['errorCode', 'signature.error_code', number],
    ['errorMessage', 'signature.error_message', text],
  ],
};

/** Names of the methods' entries in `auth_configs`. */
export const CONFIG = {
  token: AUTH_METHODS.token.config,
  jwt: AUTH_METHODS.jwt.config,
  basic: AUTH_METHODS.basic.config,
  oauth: AUTH_METHODS.oauth.config,
  externalOAuth: AUTH_METHODS.externalOAuth.config,
  hmac: AUTH_METHODS.hmac.config,
  oidc: AUTH_METHODS.oidc.config,
  custom: AUTH_METHODS.custom.config,
} as const;

/** An entry of `auth_configs` that looks nowhere. */
export function emptyConfig(name: string): JsonDraft {
  return {
    name,
    use_param: false,
    param_name: '',
    use_cookie: false,
    cookie_name: '',
    disable_header: true,
    auth_header_name: '',
    use_certificate: false,
    validate_signature: false,
    signature: {},
  };
}

/** Where a credential is looked for: `header`, `query` and `cookie` of a method become fields of its entry in `auth_configs`. */
export function sourcesToConfig(method: JsonObject, config: JsonDraft): void {
  const header = objectAt(method['header']);
  config['disable_header'] = header['enabled'] !== true;
  config['auth_header_name'] = textAt(header['name']);
  const query = objectAt(method['query']);
  config['use_param'] = query['enabled'] === true;
  config['param_name'] = textAt(query['name']);
  const cookie = objectAt(method['cookie']);
  config['use_cookie'] = cookie['enabled'] === true;
  config['cookie_name'] = textAt(cookie['name']);
}

/** The reverse of {@link sourcesToConfig}; places that are off and nameless are left out. */
export function configToSources(config: JsonObject): JsonDraft {
  const sources: JsonDraft = {};
  const add = (place: string, enabled: boolean, name: string): void => {
    if (enabled || name !== '') sources[place] = { enabled, ...(name === '' ? {} : { name }) };
  };
  add('header', config['disable_header'] !== true, textAt(config['auth_header_name']));
  add('query', config['use_param'] === true, textAt(config['param_name']));
  add('cookie', config['use_cookie'] === true, textAt(config['cookie_name']));
  return sources;
}

/** OAuth 2 access types of a classic definition and the flows of OpenAPI that say the same. */
export const FLOWS = [
  ['authorizationCode', 'authorization_code'],
  ['clientCredentials', 'client_credentials'],
  ['password', 'password'],
  ['implicit', '__implicit'],
] as const;

export const REFRESH_TOKEN = 'refresh_token';
