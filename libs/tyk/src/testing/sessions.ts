/** Sessions as gateways of each generation write them: the same fields in the same order, with values made up. */

const ORGANISATION = '5e9d9544a1dcd60001d0ed20';
const API = '9d5f0c2e8b7a4d6f9e1c3b5a7d9f0e2c';
const OTHER_API = '0b2038203a5d4f0c71984b6a290fb24a';

const numbers = (api: string): string =>
  `"rate":7,"per":60,"throttle_interval":-1,"throttle_retry_limit":-1,"max_query_depth":-1,"quota_max":9,${api}`;

/** 3.1 writes every field, and null for a limit that is not set. */
const oldRights =
  `{"${API}":{"api_name":"Orders","api_id":"${API}","versions":["Default"],"allowed_urls":null,"restricted_types":null,` +
  `"limit":null,"allowance_scope":""},"${OTHER_API}":{"api_name":"Stock","api_id":"${OTHER_API}","versions":["v1"],` +
  `"allowed_urls":[{"url":"/items","methods":["GET"]}],"restricted_types":[{"name":"Query","fields":["a"]}],"limit":{` +
  `${numbers('"quota_renews":1795667059,"quota_remaining":8,"quota_renewal_rate":900')}},"allowance_scope":""}}`;

/** 5.2 writes a limit of zeros instead. */
const newerRights = oldRights
  .replaceAll('"restricted_types":null,', '"restricted_types":null,"allowed_types":null,')
  .replace(
    '"limit":null,"allowance_scope":""',
    '"limit":{"rate":0,"per":0,"throttle_interval":0,"throttle_retry_limit":0,"max_query_depth":0,"quota_max":0,' +
      '"quota_renews":0,"quota_remaining":0,"quota_renewal_rate":0},"field_access_rights":null,' +
      '"disable_introspection":false,"allowance_scope":""',
  );

const everyField = (rights: string): string =>
  '{"last_check":0,"allowance":100,"rate":100,"per":60,"throttle_interval":0,"throttle_retry_limit":0,"max_query_depth":0,' +
  '"date_created":"2026-11-26T03:24:19.112015784Z","expires":1800000000,"quota_max":9223372036854775807,"quota_renews":1795667059,' +
  `"quota_remaining":0,"quota_renewal_rate":3600,"access_rights":${rights},"org_id":"${ORGANISATION}","oauth_client_id":"",` +
  '"oauth_keys":null,"certificate":"","basic_auth_data":{"password":"","hash_type":""},"jwt_data":{"secret":""},' +
  '"hmac_enabled":false,"enable_http_signature_validation":false,"hmac_string":"","rsa_certificate_id":"","is_inactive":false,' +
  '"apply_policy_id":"","apply_policies":null,"data_expires":0,"monitor":{"trigger_limits":null},"enable_detail_recording":false,' +
  '"enable_detailed_recording":false,"meta_data":{"n":3,"plan":"p-5c9b","\\u003cb\\u003e":1.0},"tags":["gold","t-893"],' +
  '"alias":"alias-1bbc","last_updated":"1795663459","id_extractor_deadline":0,"session_lifetime":0}';

export const capturedSessions: readonly (readonly [generation: string, text: string])[] = [
  ['3.1', everyField(oldRights)],
  ['5.2', everyField(newerRights)],
  [
    '5.14, which leaves zeros out',
    '{"allowance":100,"rate":0.5,"per":60,"date_created":"2026-11-26T04:05:47.617805084Z","quota_max":50,"quota_renews":1795669547,' +
      `"quota_renewal_rate":3600,"access_rights":{"${API}":{"api_name":"Orders","api_id":"${API}","versions":["Default"]}},` +
      `"org_id":"${ORGANISATION}","meta_data":{"n":3},"tags":["gold"],"alias":"alias-1bbc","last_updated":"1795665947"}`,
  ],
  [
    '0.9, with one policy and fields of its own',
    `{"org_id":"${ORGANISATION}","apply_policy_id":"5ead7120575961000181867e","access_rights":{},"x_own":{"a.b":[1,null]},"expires":0}`,
  ],
];
