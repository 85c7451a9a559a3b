import { all, any, arr, bool, int, map, num, obj, objectId, str, type Schema } from '../../schema/builders';

const smoothing = obj({ ...all(int, 'delay step threshold'), enabled: bool, trigger: num });
const rateLimit = { ...all(num, 'rate per'), smoothing };
const limits = {
  ...rateLimit,
  ...all(int, 'max_query_depth quota_max quota_renewal_rate throttle_retry_limit'),
  throttle_interval: num,
};
const namedLimit = obj({ name: str, limit: obj(rateLimit) });
const allowAndBlock = obj(all(arr(str), 'allowed blocked'));
const graphType = obj({ name: str, fields: arr(str) });

/** What a policy allows on one API. Gateways up to 5.0 read `apiid` and `apiname`, later ones `api_id` and `api_name`. */
const accessRight = obj({
  ...all(str, 'api_id apiid api_name apiname allowance_scope'),
  versions: arr(str),
  allowed_urls: arr(obj({ url: str, methods: arr(str) })),
  ...all(arr(graphType), 'restricted_types allowed_types'),
  disable_introspection: bool,
  field_access_rights: arr(obj({ ...all(str, 'type_name field_name'), limits: obj({ max_query_depth: int }) })),
  limit: obj({ ...limits, ...all(int, 'quota_remaining quota_renews') }),
  endpoints: arr(obj({ path: str, methods: arr(namedLimit) })),
  json_rpc_methods: arr(namedLimit),
  json_rpc_methods_access_rights: allowAndBlock,
  mcp_primitives: arr(obj({ ...all(str, 'name type'), limit: obj(rateLimit) })),
  mcp_access_rights: obj(all(allowAndBlock, 'tools resources prompts')),
});

/**
 * JSON Schema (draft-07) of a policy: every field gateways from 3.1 to 5.15 decode, with the type all of them accept; other fields
 * pass. As with definitions, one wrong type would make every node refuse the whole list.
 */
export const policySchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Tyk policy',
  type: 'object',
  properties: {
    _id: objectId,
    ...all(str, 'id name org_id last_updated post_expiry_action'),
    ...all(bool, 'active is_inactive hmac_enabled enable_http_signature_validation'),
    ...all(int, 'key_expires_in post_expiry_grace_period'),
    ...limits,
    ...all(arr(str), 'tags user_owners user_group_owners'),
    meta_data: map(any),
    access_rights: map(accessRight),
    graphql_access_rights: map(obj({})),
    partitions: obj(all(bool, 'quota rate_limit complexity acl per_api')),
  },
};
