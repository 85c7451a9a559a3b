import { all, any, arr, bool, int, map, num, obj, requiredObj, str, uint16, type Fields } from '../../schema/builders';

const serviceDiscovery = obj({
  ...all(bool, 'use_discovery_service use_nested_query use_target_list endpoint_returns_list cache_disabled'),
  ...all(str, 'query_endpoint data_path parent_data_path port_data_path target_path'),
  cache_timeout: int,
});

const proxy = requiredObj({
  ...all(str, 'listen_path target_url'),
  ...all(bool, 'preserve_host_header disable_strip_slash strip_listen_path enable_load_balancing'),
  check_host_against_uptime_tests: bool,
  target_list: arr(str),
  service_discovery: serviceDiscovery,
  transport: obj({
    ...all(bool, 'ssl_insecure_skip_verify ssl_force_common_name_check'),
    ...all(uint16, 'ssl_min_version ssl_max_version'),
    ssl_ciphers: arr(str),
    proxy_url: str,
  }),
});

const uptimeTests = obj({
  disabled: bool,
  check_list: arr(
    obj({
      ...all(str, 'url protocol method body'),
      enable_proxy_protocol: bool,
      timeout: int,
      headers: map(str),
      commands: arr(obj(all(str, 'name message'))),
    }),
  ),
  config: obj({ ...all(int, 'expire_utime_after recheck_wait'), service_discovery: serviceDiscovery }),
});

const plugin = obj({ ...all(str, 'name path code'), ...all(bool, 'disabled require_session raw_body_only') });
const customMiddleware = obj({
  ...all(arr(plugin), 'pre post post_key_auth response'),
  ...all(plugin, 'auth_check traffic_logs'),
  driver: str,
  id_extractor: obj({ ...all(str, 'extract_from extract_with'), disabled: bool, extractor_config: map(any) }),
});

const errorOverride = obj({
  match: obj(all(str, 'body_field body_value flag message_pattern')),
  response: obj({ ...all(str, 'body message template'), headers: map(str), status_code: int }),
});

/** Where traffic comes in, where it goes and what happens to it on the way. */
export const trafficFields: Fields = {
  ...all(bool, 'enable_proxy_protocol disable_rate_limit disable_quota dont_set_quota_on_create do_not_track'),
  ...all(bool, 'enable_batch_request_support enable_context_vars enable_detailed_recording detailed_tracing'),
  ...all(bool, 'enable_ip_whitelisting enable_ip_blacklisting ip_access_control_disabled'),
  ...all(bool, 'custom_middleware_bundle_disabled error_overrides_disabled'),
  ...all(str, 'protocol custom_middleware_bundle'),
  ...all(int, 'listen_port expire_analytics_after'),
  ...all(arr(str), 'allowed_ips blacklisted_ips tag_headers'),
  analytics_plugin: obj({ enable: bool, plugin_path: str, func_name: str }),
  cache_options: obj({
    ...all(bool, 'enable_cache cache_all_safe_requests enable_upstream_cache_control'),
    ...all(arr(int), 'cache_response_codes'),
    cache_timeout: int,
    cache_control_ttl_header: str,
    cache_by_headers: arr(str),
  }),
  CORS: obj({
    ...all(bool, 'enable allow_credentials options_passthrough debug'),
    ...all(arr(str), 'allowed_origins allowed_methods allowed_headers exposed_headers'),
    max_age: int,
  }),
  custom_middleware: customMiddleware,
  error_overrides: map(arr(errorOverride)),
  event_handlers: obj({ events: map(arr(obj({ handler_name: str, handler_meta: map(any) }))) }),
  global_rate_limit: obj({ ...all(num, 'rate per'), disabled: bool }),
  proxy,
  response_processors: arr(obj({ name: str, options: any })),
  uptime_tests: uptimeTests,
};
