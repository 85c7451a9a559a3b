import type { JsonObject, JsonValue } from '../../json/json-text';
import { checkExtension, checkOas } from '../oas/validate';
import { checkDefinitionMeaning } from '../classic/definition-meaning';
import { checkPolicy } from '../policy/check-policy';
import { EXTENSION } from '../../openapi/values';
import { smallApi, smallExtension } from '../../testing/documents';
import { checkCompiled } from './check-compiled';
import { DEFINITION_FIELDS, EXTENSION_FIELDS, POLICY_FIELDS, type CompiledField } from './fields';
import type { CompiledAs } from './kinds';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** For each kind a value that no gateway can compile, one that every gateway can, and where in it the fault is. */
const samples: Readonly<
  Record<CompiledAs, { readonly bad: JsonValue; readonly good: JsonValue; readonly below: string }>
> = {
  regexp: { bad: '(?=a)', good: '^/a/[0-9]+$', below: '' },
  path: { bad: '/a/(', good: '/a/{id}/*', below: '' },
  allowedUrl: { bad: '/a/[', good: '/a/{id}/.*', below: '' },
  template: {
    bad: { template_mode: 'blob', template_source: base64('{{ .a') },
    good: { template_mode: 'blob', template_source: base64('{{ .a | jsonMarshal }}') },
    below: '.template_source',
  },
  bodyTransform: {
    bad: { enabled: true, body: base64('{{ nosuch }}') },
    good: { enabled: true, body: base64('{{ .a }}') },
    below: '.body',
  },
  jsonSchema: { bad: { type: 'text' }, good: { type: 'object', required: ['a'] }, below: '.type' },
  signingMethod: { bad: 'RS256', good: 'rsa', below: '' },
};

/** A document that holds nothing but the value of a field, and what makes gateways compile it. */
const holding = ({ at, when }: CompiledField, value: JsonValue): JsonObject => {
  const steps = at.split('.').flatMap((step) => (step.endsWith('[]') ? [step.slice(0, -2), '[]'] : [step]));
  const switches = when === undefined ? {} : { enabled: true, enable_jwt: true, extract_from_body: true };
  const build = (index: number): JsonValue => {
    const step = steps[index];
    if (step === undefined) return value;
    if (step === '[]') return [build(index + 1)];
    const field = { [step === '*' ? 'any key' : step]: build(index + 1) };
    // The condition looks at the object that holds the last field.
    return index === steps.length - 1 ? { ...switches, ...field } : field;
  };
  const document = build(0);
  return { ...(when === undefined ? {} : { use_basic_auth: true }), ...(document as JsonObject) };
};

const pathOf = ({ at, as }: CompiledField): string =>
  at.replaceAll('.*', '["any key"]').replaceAll('[]', '[0]') + samples[as].below;

const tables: readonly (readonly [string, readonly CompiledField[]])[] = [
  ['a definition', DEFINITION_FIELDS],
  ['a policy', POLICY_FIELDS],
  ['the extension', EXTENSION_FIELDS],
];

describe.each(tables)('fields of %s that gateways compile', (_, fields) => {
  it.each(fields)('$at: what cannot be compiled is refused and named, the rest is not', (field) => {
    const { bad, good } = samples[field.as];
    expect(checkCompiled(holding(field, bad), fields).map(({ path }) => path)).toEqual([pathOf(field)]);
    expect(checkCompiled(holding(field, good), fields)).toEqual([]);
  });

  it('are of no interest when what they belong to is off', () => {
    for (const field of fields.filter(({ when }) => when !== undefined)) {
      const { enabled, ...off } = { enabled: false, ...holding(field, samples[field.as].bad) };
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
    expect(many[0]?.message).toBe('is beyond the regular expressions that are checked in one document');
    expect(heavy(5_000, (index) => `/plain/path/${index}`)).toEqual([]);
  });
});
