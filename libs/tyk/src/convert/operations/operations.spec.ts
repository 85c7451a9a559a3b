import type { JsonObject } from '../../json/json-text';
import { at, listAt, objectAt } from '../../json/read';
import { smallApi } from '../../testing/documents';
import { deriveClassicDefinition } from '../to-classic';

/** The lists of paths of the API's only version. */
function lists(definition: JsonObject): JsonObject {
  return objectAt(definition, 'version_data', 'versions', '', 'extended_paths');
}

describe('operations of an OAS API', () => {
  it('become entries with their path and method', () => {
    const settings: JsonObject = {
      allow: { enabled: true, ignoreCase: true },
      transformRequestMethod: { enabled: true, toMethod: 'POST' },
      transformRequestBody: { enabled: true, format: 'json', body: 'e30=' },
      transformResponseBody: { enabled: true, format: 'xml', path: '/t.tmpl' },
      transformRequestHeaders: { enabled: true, remove: ['r'], add: [{ name: 'a', value: 'b' }] },
      cache: { enabled: true, timeout: 5 },
      enforceTimeout: { enabled: true, value: 3, duration: '2s500ms' },
      validateRequest: { enabled: true, errorResponseCode: 422 },
      virtualEndpoint: { enabled: true, functionName: 'v', body: 'Zg==' },
      postPlugins: [{ enabled: true, functionName: 'g', path: 'g.so' }],
      circuitBreaker: { enabled: true, threshold: 0.5, sampleSize: 5, coolDownPeriod: 6, halfOpenStateEnabled: true },
      requestSizeLimit: { enabled: true, value: 10 },
      rateLimit: { enabled: true, rate: 2, per: '1m30s' },
      trackEndpoint: { enabled: true },
      internal: { enabled: true },
    };
    const place = { path: '/things/{id}', method: 'GET', disabled: false };
    expect(lists(deriveClassicDefinition(smallApi({}, settings)))).toMatchObject({
      white_list: [{ ...place, ignore_case: true }],
      method_transforms: [{ ...place, to_method: 'POST' }],
      transform: [{ ...place, template_data: { input_type: 'json', template_mode: 'blob', template_source: 'e30=' } }],
      transform_response: [
        { ...place, template_data: { input_type: 'xml', template_mode: 'file', template_source: '/t.tmpl' } },
      ],
      transform_headers: [{ ...place, delete_headers: ['r'], add_headers: { a: 'b' } }],
      advance_cache_config: [{ ...place, timeout: 5 }],
      hard_timeouts: [{ ...place, timeout: 3, duration: '2s500ms' }],
      validate_request: [{ path: '/things/{id}', method: 'GET', enabled: true, error_response_code: 422 }],
      virtual: [{ ...place, response_function_name: 'v', function_source_type: 'blob', function_source_uri: 'Zg==' }],
      go_plugin: [{ ...place, func_name: 'g', plugin_path: 'g.so' }],
      circuit_breakers: [
        { ...place, threshold_percent: 0.5, samples: 5, return_to_service_after: 6, disable_half_open_state: false },
      ],
      size_limits: [{ ...place, size_limit: 10 }],
      rate_limit: [{ ...place, rate: 2, per: 90 }],
      track_endpoints: [place],
      internal: [place],
    });
  });

  it('name their method in the way older nodes read it, which would otherwise take the entry for every method', () => {
    const definition = deriveClassicDefinition(
      smallApi({}, { block: { enabled: true }, ignoreAuthentication: { enabled: true } }),
    );
    const actions = { method_actions: { GET: { action: 'no_action', code: 200, data: '', headers: {} } } };
    expect(lists(definition)).toMatchObject({ black_list: [actions], ignored: [actions] });
  });

  it('leave no entry for a setting that is off', () => {
    const definition = deriveClassicDefinition(
      smallApi({}, { block: { enabled: false }, cache: { enabled: false, timeout: 5 } }),
    );
    expect(lists(definition)).toEqual({});
  });

  it('do not answer a mock before authentication: nodes take mocks from the document', () => {
    const definition = deriveClassicDefinition(smallApi({}, { mockResponse: { enabled: true, code: 200, body: 'x' } }));
    expect(lists(definition)).toEqual({});
  });

  it('rewrite URLs by rules about every part of a request', () => {
    const rules = ['query', 'path', 'header', 'sessionMetadata', 'requestContext'].map((place) => ({
      in: place,
      name: 'n',
      pattern: place,
    }));
    const trigger = {
      condition: 'any',
      rewriteTo: '/b',
      rules: [...rules, { in: 'requestBody', pattern: 'body', negate: true }],
    };
    const urlRewrite = { enabled: true, pattern: '/a', rewriteTo: '/c', triggers: [trigger] };
    const [entry] = listAt(lists(deriveClassicDefinition(smallApi({}, { urlRewrite }))), 'url_rewrites');
    const match = (pattern: string): JsonObject => ({ n: { match_rx: pattern, reverse: false } });
    expect(entry).toMatchObject({
      match_pattern: '/a',
      rewrite_to: '/c',
      triggers: [
        {
          on: 'any',
          rewrite_to: '/b',
          options: {
            query_val_matches: match('query'),
            path_part_matches: match('path'),
            header_matches: match('header'),
            session_meta_matches: match('sessionMetadata'),
            request_context_matches: match('requestContext'),
            payload_matches: { match_rx: 'body', reverse: true },
          },
        },
      ],
    });
  });

  it('stand in the order in which nodes try them: the longer path and the one without parameters first', () => {
    const responses = { default: { description: '' } };
    const paths = ['/a/{id}', '/a', '/a/b/c', '/a/list'];
    const oas = {
      ...smallApi({
        middleware: { operations: Object.fromEntries(paths.map((path) => [path, { internal: { enabled: true } }])) },
      }),
      paths: Object.fromEntries(paths.map((path) => [path, { get: { operationId: path, responses } }])),
    };
    const found = listAt(lists(deriveClassicDefinition(oas)), 'internal').map((entry) => at(entry, 'path'));
    expect(found).toEqual(['/a/b/c', '/a/list', '/a/{id}', '/a']);
  });
});
