import type { JsonObject, JsonValue } from '../../json/json-text';
import { at, objectAt } from '../../json/read';
import { migrateToOas } from '../from-classic';
import { extensionOf, listPath, minimal, withLists } from '../../testing/classic';
import { meaningOf } from '../../testing/meaning';
import { deriveClassicDefinition } from '../to-classic';
import { checkOas } from '../../check/oas/validate';

function settingsOf(classic: JsonObject): JsonObject {
  return objectAt(extensionOf(migrateToOas(classic).oas), 'middleware', 'operations');
}

describe('migrated paths', () => {
  it('turn expressions into parameters, and back', () => {
    const path = '/users/[0-9]+/files/{name}/[^/]+$';
    const classic = withLists({ black_list: [{ path, method: 'GET' }] });
    const { oas, report } = migrateToOas(classic);
    expect(report).toEqual([]);
    expect(objectAt(oas, 'paths')).toMatchObject({
      '/users/{customRegex1}/files/{name}/{customRegex2}': {
        get: {
          parameters: [
            { name: 'customRegex1', in: 'path', required: true, schema: { type: 'string', pattern: '[0-9]+' } },
            { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
            { name: 'customRegex2', in: 'path', required: true, schema: { type: 'string', pattern: '[^/]+$' } },
          ],
        },
      },
    });
    expect(meaningOf(deriveClassicDefinition(oas, classic))).toEqual(meaningOf(classic));
  });

  it('share one operation where lists name the same path and method', () => {
    const settings = settingsOf(
      withLists({
        white_list: [{ path: '/a/{x}', method: 'GET' }],
        internal: [{ path: '/a/{y}', method: 'GET' }],
        size_limits: [{ path: '/a/{x}', method: 'POST', size_limit: 5 }],
      }),
    );
    expect(settings).toEqual({
      'a/{x}GET': { allow: { enabled: true }, internal: { enabled: true } },
      'a/{x}POST': { requestSizeLimit: { enabled: true, value: 5 } },
    });
  });

  it('report the second of two entries for the same path and method, and two expressions for one path', () => {
    const { report } = migrateToOas(
      withLists({
        size_limits: [
          { path: '/a', method: 'GET', size_limit: 1 },
          { path: '/a', method: 'GET', size_limit: 2 },
          { path: '/b/[0-9]+', method: 'GET', size_limit: 3 },
        ],
        internal: [{ path: '/b/[a-z]+', method: 'GET' }],
      }),
    );
    expect(report.map(({ path }) => path)).toEqual([`${listPath('size_limits')}[1]`, `${listPath('size_limits')}[2]`]);
  });

  it('are said for each method where an entry names none or several', () => {
    const settings = settingsOf(
      withLists({
        black_list: [{ path: '/all' }],
        ignored: [{ path: '/some', method_actions: { GET: { action: 'no_action' }, POST: { action: 'no_action' } } }],
      }),
    );
    expect(Object.keys(settings)).toHaveLength(10);
    expect(settings).toMatchObject({
      allDELETE: { block: { enabled: true } },
      somePOST: { ignoreAuthentication: { enabled: true } },
    });
  });

  it('keep answering mocks without authentication', () => {
    const reply = { action: 'reply', code: 201, data: 'made up', headers: { a: 'b' } };
    const classic = withLists({
      white_list: [{ path: '/open', method_actions: { GET: reply } }],
      mock_response: [{ path: '/mock', method: 'POST', code: 202, body: 'b' }],
    });
    const { oas } = migrateToOas(classic);
    expect(settingsOf(classic)).toMatchObject({
      openGET: {
        allow: { enabled: true },
        ignoreAuthentication: { enabled: true },
        mockResponse: { enabled: true, code: 201, body: 'made up', headers: [{ name: 'a', value: 'b' }] },
      },
      mockPOST: { ignoreAuthentication: { enabled: true }, mockResponse: { code: 202 } },
    });
    expect(at(oas, 'paths', '/mock', 'post', 'responses')).toEqual({ '202': { description: '' } });
  });

  it('validate requests against the schema in the request body', () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-04/schema#',
      type: ['object', 'null'],
      properties: { a: { const: 1 } },
    };
    const encoded = Buffer.from('{"type":"array"}').toString('base64');
    const { oas, report } = migrateToOas(
      withLists({
        validate_json: [
          { path: '/v', method: 'POST', schema, error_response_code: 400 },
          { path: '/w', method: 'PUT', schema_b64: encoded },
        ],
      }),
    );
    const schemaAt = (path: string, method: string): JsonValue | undefined =>
      at(oas, 'paths', path, method, 'requestBody', 'content', 'application/json', 'schema');
    expect(schemaAt('/v', 'post')).toEqual({ type: 'object', nullable: true, properties: { a: {} } });
    expect(schemaAt('/w', 'put')).toEqual({ type: 'array', items: {} });
    expect(at(extensionOf(oas), 'middleware', 'operations', 'vPOST', 'validateRequest')).toEqual({
      enabled: true,
      errorResponseCode: 400,
    });
    expect(report.map(({ path }) => path)).toEqual([`${listPath('validate_json')}[0].schema.properties.a.const`]);
    expect(checkOas(oas)).toEqual([]);
  });

  it('cache plain paths with the settings of the API', () => {
    const classic = withLists(
      { cache: ['/c'] },
      { cache_options: { enable_cache: true, cache_timeout: 5, cache_response_codes: [200] } },
    );
    const cache = { enabled: true, timeout: 5, cacheResponseCodes: [200] };
    expect(settingsOf(classic)).toEqual({ cGET: { cache }, cHEAD: { cache }, cOPTIONS: { cache } });
  });

  it('are left out, and reported, where the version does not use them', () => {
    const version = {
      use_extended_paths: false,
      paths: { black_list: ['/a'] },
      extended_paths: { internal: [{ path: '/b', method: 'GET' }] },
    };
    const { oas, report } = migrateToOas({
      ...minimal,
      version_data: { not_versioned: true, versions: { Default: version } },
    });
    expect(oas['paths']).toEqual({});
    expect(report.map(({ path }) => path)).toEqual([
      'version_data.versions["Default"].extended_paths',
      'version_data.versions["Default"].paths',
    ]);
  });
});
