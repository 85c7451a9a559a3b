import { all, any, arr, bool, int, map, num, obj, str, time, type Schema } from '../schema/builders';

const smoothing = obj({ ...all(int, 'delay step threshold'), enabled: bool, trigger: num });
const limits = {
  ...all(num, 'rate per throttle_interval'),
  ...all(int, 'throttle_retry_limit max_query_depth quota_max quota_renews quota_remaining quota_renewal_rate'),
  smoothing,
};
const namedLimit = obj({ name: str, limit: obj({ ...all(num, 'rate per'), smoothing }) });
const graphType = obj({ name: str, fields: arr(str) });
const allowAndBlock = obj(all(arr(str), 'allowed blocked'));

/** What a key may do with one API. */
const accessRight = obj({
  ...all(str, 'api_id api_name allowance_scope'),
  versions: arr(str),
  allowed_urls: arr(obj({ url: str, methods: arr(str) })),
  ...all(arr(graphType), 'restricted_types allowed_types'),
  limit: obj(limits),
  field_access_rights: arr(obj({ ...all(str, 'type_name field_name'), limits: obj({ max_query_depth: int }) })),
  disable_introspection: bool,
  endpoints: arr(obj({ path: str, methods: arr(namedLimit) })),
  json_rpc_methods: arr(namedLimit),
  json_rpc_methods_access_rights: allowAndBlock,
  mcp_primitives: arr(obj({ ...all(str, 'name type'), limit: obj({ ...all(num, 'rate per'), smoothing }) })),
  mcp_access_rights: obj(all(allowAndBlock, 'tools resources prompts')),
});

/**
 * JSON Schema (draft-07) of a session: every field that gateways from 3.1 to 5.15 decode, with the type that all of them accept;
 * other fields pass. A node cannot read a session with one wrong type at all and refuses its key.
 */
export const sessionSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Tyk session',
  type: 'object',
  properties: {
    ...all(int, 'last_check expires id_extractor_deadline session_lifetime data_expires post_expiry_grace_period'),
    ...limits,
    allowance: num,
    date_created: time,
    access_rights: map(accessRight),
    ...all(str, 'org_id oauth_client_id certificate hmac_string rsa_certificate_id apply_policy_id alias last_updated'),
    post_expiry_action: str,
    oauth_keys: map(str),
    mtls_static_certificate_bindings: arr(str),
    basic_auth_data: obj(all(str, 'password hash_type')),
    jwt_data: obj({ secret: str }),
    ...all(bool, 'hmac_enabled enable_http_signature_validation is_inactive'),
    ...all(bool, 'enable_detail_recording enable_detailed_recording'),
    apply_policies: arr(str),
    monitor: obj({ trigger_limits: arr(num) }),
    meta_data: map(any),
    tags: arr(str),
  },
};
