import {
  all,
  any,
  arr,
  bool,
  duration,
  int,
  map,
  num,
  obj,
  str,
  type Fields,
  type Schema,
} from '../../schema/builders';

/** A list of rules for a path and method. */
function rules(fields: Fields = {}): Schema {
  return arr(obj({ path: str, method: str, disabled: bool, ...fields }));
}

const pathList = rules({
  ignore_case: bool,
  method_actions: map(obj({ action: str, code: int, data: str, headers: map(str) })),
});
const template = rules({
  template_data: obj({ ...all(str, 'input_type template_mode template_source'), enable_session: bool }),
});
const headers = rules({ delete_headers: arr(str), add_headers: map(str), act_on: bool });
const jq = arr(obj(all(str, 'path method filter')));

const match = obj({ match_rx: str, reverse: bool });
const rewriteTrigger = obj({
  ...all(str, 'on rewrite_to'),
  options: obj({
    ...all(
      map(match),
      'header_matches query_val_matches path_part_matches session_meta_matches request_context_matches',
    ),
    payload_matches: match,
  }),
});

const extendedPaths = obj({
  ...all(pathList, 'ignored white_list black_list'),
  ...all(template, 'transform transform_response'),
  ...all(headers, 'transform_headers transform_response_headers'),
  ...all(jq, 'transform_jq transform_jq_response'),
  ...all(rules(), 'internal track_endpoints do_not_track_endpoints'),
  cache: arr(str),
  advance_cache_config: rules({ cache_key_regex: str, cache_response_codes: arr(int), timeout: int }),
  circuit_breakers: rules({
    ...all(int, 'samples return_to_service_after'),
    threshold_percent: num,
    disable_half_open_state: bool,
  }),
  go_plugin: rules(all(str, 'plugin_path func_name')),
  hard_timeouts: rules({ timeout: int, duration }),
  method_transforms: rules({ to_method: str }),
  mock_response: rules({ ignore_case: bool, code: int, body: str, headers: map(str) }),
  persist_graphql: arr(obj({ ...all(str, 'path method operation'), variables: map(any) })),
  rate_limit: rules(all(num, 'rate per')),
  size_limits: rules({ size_limit: int }),
  url_rewrites: rules({ ...all(str, 'match_pattern rewrite_to'), triggers: arr(rewriteTrigger) }),
  validate_json: rules({ schema: map(any), schema_b64: str, error_response_code: int }),
  validate_request: arr(obj({ path: str, method: str, enabled: bool, error_response_code: int })),
  virtual: rules({
    ...all(str, 'response_function_name function_source_type function_source_uri'),
    ...all(bool, 'use_session proxy_on_error'),
  }),
});

/** One version of an API: which of its paths get which treatment. */
export const version: Schema = obj({
  ...all(str, 'name expires override_target'),
  ...all(bool, 'use_extended_paths ignore_endpoint_case global_headers_disabled global_response_headers_disabled'),
  ...all(bool, 'global_size_limit_disabled global_enforce_timeout_disabled'),
  ...all(map(str), 'global_headers global_response_headers'),
  ...all(arr(str), 'global_headers_remove global_response_headers_remove'),
  paths: obj(all(arr(str), 'ignored white_list black_list')),
  extended_paths: extendedPaths,
  global_size_limit: int,
  global_enforce_timeout: duration,
});
