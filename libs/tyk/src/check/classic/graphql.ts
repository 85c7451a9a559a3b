import { all, any, arr, bool, map, obj, str, time, type Schema } from '../../schema/builders';

const engine = obj({
  data_sources: arr(
    obj({
      ...all(str, 'kind name'),
      internal: bool,
      root_fields: arr(obj({ type: str, fields: arr(str) })),
      config: any,
    }),
  ),
  field_configs: arr(obj({ ...all(str, 'type_name field_name'), disable_default_mapping: bool, path: arr(str) })),
  global_headers: arr(obj(all(str, 'key value'))),
});

const proxy = obj({
  ...all(map(str), 'auth_headers request_headers'),
  features: obj({ use_immutable_headers: bool }),
  request_headers_rewrite: map(obj({ value: str, remove: bool })),
  sse_use_post: bool,
  subscription_type: str,
  use_response_extensions: obj({ on_error_forwarding: bool }),
});

const supergraph = obj({
  disable_query_batching: bool,
  global_headers: map(str),
  merged_sdl: str,
  subgraphs: arr(obj({ ...all(str, 'api_id name url sdl subscription_type'), headers: map(str), sse_use_post: bool })),
  updated_at: time,
});

/** GraphQL proxies, data graphs and federation. */
export const graphql: Schema = obj({
  ...all(str, 'execution_mode version schema'),
  enabled: bool,
  engine,
  introspection: obj({ disabled: bool }),
  last_schema_update: time,
  playground: obj({ enabled: bool, path: str }),
  proxy,
  subgraph: obj({ sdl: str }),
  supergraph,
  type_field_configurations: arr(
    obj({
      ...all(str, 'type_name field_name'),
      data_source: obj({ kind: str, data_source_config: any }),
      mapping: obj({ disabled: bool, path: str }),
    }),
  ),
});
