import type { JsonObject } from '../../json/json-text';
import { checkExtension, checkOas } from '../oas/validate';
import { checkDefinitionMeaning } from '../classic/definition-meaning';
import { checkPolicy } from '../policy/check-policy';
import { EXTENSION } from '../../openapi/values';
import { compiledPath, compiledSamples, holdingCompiled } from '../../testing/compiled-samples';
import { smallApi, smallExtension } from '../../testing/documents';
import { checkCompiled } from './check-compiled';
import { DEFINITION_FIELDS, EXTENSION_FIELDS, POLICY_FIELDS, type CompiledField } from './fields';

const tables: readonly (readonly [string, readonly CompiledField[]])[] = [
  ['a definition', DEFINITION_FIELDS],
  ['a policy', POLICY_FIELDS],
  ['the extension', EXTENSION_FIELDS],
];

describe.each(tables)('fields of %s that gateways compile', (_, fields) => {
  it.each(fields)('$at: what cannot be compiled is refused and named, the rest is not', (field) => {
    const { bad, good } = compiledSamples[field.as];
    expect(checkCompiled(holdingCompiled(field, bad), fields).map(({ path }) => path)).toEqual([compiledPath(field)]);
    expect(checkCompiled(holdingCompiled(field, good), fields)).toEqual([]);
  });

  it('are of no interest when what they belong to is off', () => {
    for (const field of fields.filter(({ when }) => when !== undefined)) {
      const { enabled, ...off } = { enabled: false, ...holdingCompiled(field, compiledSamples[field.as].bad) };
      expect(enabled).toBeDefined();
      const text = JSON.stringify(off).replaceAll(
        /"(enabled|enable_jwt|extract_from_body|use_basic_auth)":true/g,
        '"$1":false',
      );
      expect(checkCompiled(JSON.parse(text) as JsonObject, fields)).toEqual([]);
    }
  });
});

describe('the checks of whole documents', () => {
  const version = (fields: JsonObject): JsonObject => ({
    name: 'a',
    proxy: { listen_path: '/a/', target_url: 'http://upstream' },
    version_data: { not_versioned: true, versions: { Default: { name: 'Default', extended_paths: fields } } },
  });

  it('name the field of a definition', () => {
    const ignored = [{ path: '/a' }, { path: '/b/(' }];
    expect(checkDefinitionMeaning(version({ ignored }))).toEqual([
      {
        path: 'version_data.versions["Default"].extended_paths.ignored[1].path',
        message: 'is no regular expression that gateways can compile: missing closing ): `/b/(`',
      },
    ]);
  });

  it('name the field of a policy, up to 5.2 an open door', () => {
    const allowed = (url: string) => ({ access_rights: { b1: { allowed_urls: [{ url, methods: ['GET'] }] } } });
    expect(checkPolicy(allowed('/a/(?!b)'))).toEqual([
      {
        path: 'access_rights["b1"].allowed_urls[0].url',
        message: 'is no regular expression that gateways can compile: they have no look-ahead and no look-behind',
      },
    ]);
    expect(checkPolicy(allowed('/a/{id}/*'))).toEqual([]);
  });

  it('name the field of the extension, and the path of a document', () => {
    const operations = { get: { urlRewrite: { enabled: true, pattern: '(', rewriteTo: '/' } } };
    const extension = { ...smallExtension, middleware: { operations } };
    expect(checkExtension(extension).map(({ path }) => path)).toEqual([
      `${EXTENSION}.middleware.operations["get"].urlRewrite.pattern`,
    ]);
    const paths = { '/a/(': { get: { responses: { 200: { description: 'a' } } } } };
    expect(checkOas({ ...smallApi(), paths }).map(({ path }) => path)).toEqual(['paths["/a/("]']);
  });

  it.each<[JsonObject, string]>([
    [{ properties: { a: { pattern: '(?=b)' } } }, '.properties.a.pattern'],
    [{ patternProperties: { '[': {} } }, '.patternProperties["["]'],
    [{ $ref: '#/definitions/none' }, '.$ref'],
    [{ required: true }, '.required'],
    [{ properties: { 'a.b': { minimum: '1' } } }, '.properties["a.b"].minimum'],
  ])('of a schema say where in it: %j', (schema, below) => {
    const place = 'version_data.versions["Default"].extended_paths.validate_json[0].schema';
    const found = checkDefinitionMeaning(version({ validate_json: [{ path: '/a', method: 'POST', schema }] }));
    expect(found.map(({ path }) => path)).toEqual([place + below]);
  });

  it.each<JsonObject>([
    { $schema: 'http://json-schema.org/draft-04/schema#', minimum: 1, exclusiveMinimum: true },
    { $schema: 'https://json-schema.org/draft/2020-12/schema', exclusiveMinimum: 1 },
    { properties: { pattern: { type: 'string' }, $ref: { const: '#/nowhere' } }, default: { $ref: '#/nowhere' } },
    { $ref: 'https://schemas.example/person.json' },
  ])('take the schemas of every draft that gateways read: %j', (schema) => {
    expect(checkDefinitionMeaning(version({ validate_json: [{ path: '/a', method: 'POST', schema }] }))).toEqual([]);
  });

  it('do not spend more on patterns than a document is worth', () => {
    const heavy = (count: number, pattern: (index: number) => string) =>
      checkDefinitionMeaning(
        version({ url_rewrites: Array.from({ length: count }, (_, index) => ({ match_pattern: pattern(index) })) }),
      );
    expect(heavy(1, () => `(?:${'x'.repeat(100)}){1000}`).map(({ message }) => message)).toEqual([
      'is a regular expression of a size that nobody means',
    ]);
    const many = heavy(100_000, (index) => `/a${index}/[0-9]{1000}`);
    expect(many).toHaveLength(50);
    expect(many[0]).toMatchObject({
      path: expect.stringMatching(/url_rewrites\[\d+\]\.match_pattern$/) as string,
      message: expect.stringMatching(
        /^is beyond the regular expressions that one document may have: .*make several of it/,
      ) as string,
    });
  });

  it('leave room for as many paths as a document holds, and for thousands of them with parameters', () => {
    const paths = (count: number, path: (index: number) => string) =>
      checkDefinitionMeaning(
        version({ white_list: Array.from({ length: count }, (_, index) => ({ path: path(index) })) }),
      );
    expect(paths(100_000, (index) => `/plain/path/${index}`)).toEqual([]);
    expect(paths(3_000, (index) => `/things/${index}/parts/{part}`)).toEqual([]);
  });
});
