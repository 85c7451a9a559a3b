import { all, any, arr, bool, duration, int, map, num, obj, str, uint64, type Fields } from '../../schema/builders';

const authConfig = obj({
  ...all(str, 'name param_name cookie_name auth_header_name'),
  ...all(bool, 'use_param use_cookie disable_header use_certificate validate_signature'),
  signature: obj({
    ...all(str, 'algorithm header param_name secret error_message'),
    ...all(int, 'allowed_clock_skew error_code'),
    use_param: bool,
  }),
});

const claimScopes = obj({ scope_claim_name: str, scope_to_policy: map(str) });

const externalOauth = obj({
  enabled: bool,
  providers: arr(
    obj({
      jwt: obj({
        ...all(uint64, 'expires_at_validation_skew issued_at_validation_skew not_before_validation_skew'),
        ...all(str, 'identity_base_field signing_method source'),
        enabled: bool,
      }),
      introspection: obj({
        ...all(str, 'client_id client_secret identity_base_field url'),
        cache: obj({ enabled: bool, timeout: int }),
        enabled: bool,
      }),
    }),
  ),
});

const headerName = obj({ enabled: bool, name: str });
const oauthClient = {
  ...all(str, 'client_id client_secret method token_url'),
  ...all(arr(str), 'extra_metadata scopes'),
  header: headerName,
};
const upstreamAuth = obj({
  enabled: bool,
  basic_auth: obj({ ...all(str, 'username password'), enabled: bool, header: headerName }),
  oauth: obj({
    enabled: bool,
    allowed_authorize_types: arr(str),
    client_credentials: obj(oauthClient),
    password: obj({ ...oauthClient, ...all(str, 'username password') }),
  }),
});

const provider = obj({ ...all(str, 'name storage_engine'), meta: map(any) });

/** Who may call an API, and how it proves itself to its upstream. */
export const authFields: Fields = {
  ...all(bool, 'use_keyless use_standard_auth use_basic_auth use_oauth2 use_openid use_mutual_tls_auth'),
  ...all(bool, 'use_go_plugin_auth custom_plugin_auth_enabled enable_coprocess_auth enable_jwt'),
  ...all(bool, 'enable_signature_checking strip_auth_data idp_client_id_mapping_disabled'),
  ...all(bool, 'upstream_certificates_disabled certificate_pinning_disabled jwt_skip_kid'),
  ...all(str, 'base_identity_provided_by jwt_source jwt_signing_method jwt_identity_base_field jwt_client_base_field'),
  ...all(str, 'jwt_policy_field_name jwt_scope_claim_name'),
  ...all(uint64, 'jwt_issued_at_validation_skew jwt_expires_at_validation_skew jwt_not_before_validation_skew'),
  ...all(arr(str), 'jwt_default_policies hmac_allowed_algorithms certificates client_certificates'),
  ...all(map(str), 'jwt_scope_to_policy_mapping upstream_certificates pinned_public_keys'),
  auth: authConfig,
  auth_configs: map(authConfig),
  auth_provider: provider,
  session_provider: provider,
  basic_auth: obj({
    ...all(bool, 'disable_caching extract_from_body'),
    ...all(str, 'body_user_regexp body_password_regexp'),
    cache_ttl: int,
  }),
  external_oauth: externalOauth,
  hmac_allowed_clock_skew: num,
  jwt_jwks_uris: arr(obj({ url: str, cache_timeout: duration })),
  oauth_meta: obj({
    ...all(arr(str), 'allowed_access_types allowed_authorize_types'),
    auth_login_redirect: str,
  }),
  openid_options: obj({ providers: arr(obj({ issuer: str, client_ids: map(str) })), segregate_by_client: bool }),
  request_signing: obj({
    ...all(str, 'secret key_id algorithm certificate_id signature_header'),
    is_enabled: bool,
    header_list: arr(str),
  }),
  scopes: obj({ jwt: claimScopes, oidc: claimScopes }),
  security_requirements: arr(arr(str)),
  security_requirement_scopes: arr(map(arr(str))),
  upstream_auth: upstreamAuth,
};
