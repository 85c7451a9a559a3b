import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../json/json-text';
import { objectAt } from '../../json/read';
import type { Schema } from '../../schema/builders';
import { anyJson, anyJsonObject } from '../../testing/arbitraries';
import { fixtures } from '../../../../../test/fixtures/load';
import { extensionSchema, oasApiSchema } from './schema';
import { petStore, smallApi, smallExtension } from '../../testing/documents';
import { checkExtension, checkOas } from './validate';
import { EXTENSION, without, writeAt, type JsonDraft } from '../../openapi/values';

const paths = (document: JsonValue): string[] => checkOas(document).map(({ path }) => path);

function changed(path: string, value: JsonValue, document: JsonObject = smallApi()): JsonObject {
  const copy: JsonDraft = { ...document };
  writeAt(copy, path, value);
  return copy;
}

describe('a document that is accepted', () => {
  it('is OpenAPI 3.0 or 3.1 with the extension', () => {
    expect(checkOas(smallApi())).toEqual([]);
    expect(checkOas({ ...smallApi(), openapi: '3.1.0' })).toEqual([]);
    expect(checkOas({ ...petStore, [EXTENSION]: smallExtension })).toEqual([]);
  });

  it('may have anything in fields that nobody knows', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const extension = { ...smallExtension, unknown: value, middleware: { unknown: value } };
        expect(checkOas({ ...smallApi(), 'x-unknown': value, [EXTENSION]: extension })).toEqual([]);
      }),
    );
  });

  it('is every real one', () => {
    for (const { document } of fixtures('definitions')) {
      if (document['openapi'] !== undefined) expect(checkOas(document)).toEqual([]);
    }
  });
});

describe('a document that is refused', () => {
  it('never makes the check fail, whatever it is', () => {
    fc.assert(
      fc.property(anyJson, anyJsonObject, (value, object) => {
        checkOas(value);
        expect(checkOas({ ...object, openapi: '3.1.0' })).not.toEqual([]);
        checkOas({ ...smallApi(), paths: value, components: object, [EXTENSION]: object });
      }),
    );
  });

  it('is of a version that OAS APIs cannot have', () => {
    expect(checkOas({ swagger: '2.0', info: {} })).toEqual([
      {
        path: 'swagger',
        message: 'is a version before OpenAPI 3: import converts 2.0, or convert the document yourself',
      },
    ]);
    for (const version of ['3.2.0', '4.0.0', '3.0', '30.0.1', '3.0.x', 3.1, undefined]) {
      const document = version === undefined ? without(smallApi(), 'openapi') : { ...smallApi(), openapi: version };
      expect(paths(document)).toEqual(['openapi']);
    }
  });

  it('says where its structure is wrong', () => {
    const parameter = { name: 'id', in: 'path', required: 'yes', schema: { type: 'text' } };
    const document = changed('paths', { '/a/{id}': { get: { parameters: [parameter], responses: {} } }, b: {} });
    expect(checkOas(document)).toEqual([
      { path: 'paths.b', message: 'is not a field that OpenAPI has here' },
      { path: 'paths["/a/{id}"].get.parameters[0].required', message: 'must be one of [true]' },
      {
        path: 'paths["/a/{id}"].get.parameters[0].schema.type',
        message: 'must be one of ["array","boolean","integer","number","object","string"]',
      },
      { path: 'paths["/a/{id}"].get.responses', message: 'must NOT have fewer than 1 properties' },
    ]);
  });

  it('names what a scheme of its kind lacks, and nothing that other kinds have', () => {
    const document = changed('components.securitySchemes', { key: { type: 'apiKey', in: 'header' } });
    expect(checkOas(document)).toEqual([{ path: 'components.securitySchemes.key.name', message: 'is required' }]);
  });

  it('has a wrong type in a schema, which makes nodes refuse all APIs', () => {
    const content = { 'application/json': { schema: { properties: { a: { type: 5 } } } } };
    const wrong = changed('paths', { '/a': { get: { responses: { default: { description: '', content } } } } });
    const at = 'paths["/a"].get.responses.default.content["application/json"].schema.properties.a.type';
    expect(paths(wrong)).toContain(at);
    expect(paths({ ...wrong, openapi: '3.1.0' })).toContain(at);
  });

  it('is nested too deeply or too large, which is found out without a deep stack', () => {
    let deep: JsonValue = 1;
    for (let level = 0; level < 50_000; level += 1) deep = [deep];
    expect(checkOas({ ...smallApi(), 'x-deep': deep })).toEqual([
      { path: '', message: 'is nested deeper than 100 levels' },
    ]);
    const wide = Array.from({ length: 500_000 }, () => 0);
    expect(checkOas({ ...smallApi(), 'x-wide': wide })).toEqual([
      { path: '', message: 'holds more than 500000 values' },
    ]);
  });

  it('is told its first fifty errors however large it is', () => {
    const content = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`name${index}`, {}]));
    expect(paths(changed('paths', content))).toEqual(Array.from({ length: 50 }, (_, index) => `paths.name${index}`));
  });

  it('reports at most fifty problems', () => {
    const wrong = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`wrong${index}`, {}]));
    expect(checkOas(changed('paths', wrong))).toHaveLength(50);
  });
});

describe('references', () => {
  const withSchema = (schema: JsonObject): JsonObject =>
    changed('paths', {
      '/a': { get: { responses: { default: { description: '', content: { 'application/json': { schema } } } } } },
    });
  const place = 'paths["/a"].get.responses.default.content["application/json"].schema.$ref';

  it.each(['https://evil.example.com/a.json', 'file:///etc/passwd', 'other.yaml#/a', '//host/a', '#anchor', ''])(
    'are refused when they lead out of the document: %s',
    (reference) => {
      const [problem, ...others] = checkOas(withSchema({ $ref: reference }));
      expect(others).toEqual([]);
      expect(problem?.path).toBe(place);
      expect(problem?.message).toContain('bundle all of its files into one first');
    },
  );

  it('must lead somewhere, also through escapes', () => {
    const components = { schemas: { 'a.b': { type: 'string', properties: { 'a~b': { type: 'string' } } } } };
    expect(checkOas({ ...withSchema({ $ref: '#/components/schemas/a.b/properties/a~0b' }), components })).toEqual([]);
    expect(checkOas({ ...withSchema({ $ref: '#/components/schemas/a%2Eb' }), components })).toEqual([]);
    expect(checkOas({ ...withSchema({ $ref: '#/components/schemas/constructor' }), components })).toEqual([
      { path: place, message: '"#/components/schemas/constructor" leads nowhere' },
    ]);
  });

  it('may be circles', () => {
    const components = { schemas: { Tree: { properties: { child: { $ref: '#/components/schemas/Tree' } } } } };
    expect(checkOas({ ...withSchema({ $ref: '#/components/schemas/Tree' }), components })).toEqual([]);
  });

  it('are plain data in examples, and plain names among properties', () => {
    const data = { $ref: 'https://example.com/not-a-reference' };
    expect(
      checkOas(withSchema({ type: 'object', example: data, default: data, properties: { $ref: { type: 'string' } } })),
    ).toEqual([]);
  });
});

describe('rules that nodes insist on', () => {
  const responses = { default: { description: '' } };

  it('ask for different ids, and different paths', () => {
    const document = changed('paths', {
      '/a': { get: { operationId: 'same', responses } },
      '/b/{x}': {
        parameters: [{ name: 'x', in: 'path', required: true, schema: {} }],
        get: { operationId: 'same', responses },
      },
      '/b/{y}': {},
    });
    expect(checkOas(document)).toEqual([
      { path: 'paths["/a"].get.operationId', message: '"same" is the id of paths["/b/{x}"].get already' },
      { path: 'paths["/b/{y}"]', message: 'is the same path as "/b/{x}" with other names' },
    ]);
  });

  it('ask for the parameters of a path, wherever they are declared', () => {
    const other = { name: 'other', in: 'path', required: true, schema: {} };
    const components = { parameters: { Id: { ...other, name: 'id' }, Other: other } };
    const pathItem = (parameters: JsonValue): JsonObject => ({ '/a/{id}': { parameters, get: { responses } } });
    const good = pathItem([{ $ref: '#/components/parameters/Id' }]);
    expect(checkOas({ ...smallApi(), components, paths: good })).toEqual([]);
    expect(
      checkOas({ ...smallApi(), components, paths: pathItem([{ $ref: '#/components/parameters/Other' }]) }),
    ).toEqual([
      { path: 'paths["/a/{id}"].get.parameters', message: 'must declare the path parameter "id"' },
      { path: 'paths["/a/{id}"].get.parameters', message: 'must not declare "other", which the path does not have' },
    ]);
  });

  it('ask for schemes that exist', () => {
    expect(checkOas({ ...smallApi(), security: [{ toString: [] }] })).toEqual([
      { path: 'security[0]["toString"]', message: 'is not one of components.securitySchemes' },
    ]);
  });
});

describe('the extension', () => {
  it('is required, refused or either, as asked', () => {
    const bare = without(smallApi(), EXTENSION);
    expect(checkOas(bare)).toEqual([{ path: EXTENSION, message: 'is required' }]);
    expect(checkOas(bare, { extension: 'optional' })).toEqual([]);
    expect(checkOas(bare, { extension: 'forbidden' })).toEqual([]);
    expect(checkOas(smallApi(), { extension: 'forbidden' }).map(({ path }) => path)).toEqual([EXTENSION]);
    expect(checkOas({ ...bare, [EXTENSION]: null }, { extension: 'optional' }).map(({ path }) => path)).toEqual([
      EXTENSION,
    ]);
  });

  it('must say what no API can do without', () => {
    expect(checkExtension({}).map(({ path }) => path)).toEqual([
      `${EXTENSION}.info`,
      `${EXTENSION}.upstream`,
      `${EXTENSION}.server`,
    ]);
    const empty = { info: { name: ' ', state: {} }, upstream: {}, server: { listenPath: { value: '' } } };
    expect(checkExtension(empty)).toEqual([
      { path: `${EXTENSION}.info.name`, message: 'must be a string that is not blank' },
      { path: `${EXTENSION}.info.state.active`, message: 'is required' },
      { path: `${EXTENSION}.server.listenPath.value`, message: 'must be a string that is not blank' },
      { path: `${EXTENSION}.upstream.url`, message: 'is required' },
    ]);
  });

  it('needs no URL where it balances the load between several', () => {
    const upstream = { loadBalancing: { enabled: true, targets: [{ url: 'https://a', weight: 1 }] } };
    expect(checkExtension({ ...smallExtension, upstream })).toEqual([]);
  });

  it('has the right type in every known field, and is told which field has not', () => {
    const fields = knownFields(extensionSchema, []);
    expect(fields.length).toBeGreaterThan(300);
    for (const { segments, schema } of fields) {
      const types = [schema.type ?? []].flat();
      const wrong = types.includes('string') ? 5 : 'text';
      const value = segments.reduceRight<JsonValue>(
        (inner, segment) => (segment === '0' ? [inner] : { [segment]: inner }),
        wrong,
      );
      const problems = checkExtension(value);
      const last = segments.at(-1) ?? '';
      expect(problems.filter(({ path, message }) => path.includes(last) && message.includes('got a'))).toHaveLength(1);
    }
  });

  it('refuses what is no duration, which nodes would take for no time at all', () => {
    const limited = (per: string): JsonObject => ({
      ...smallExtension,
      upstream: { ...objectAt(smallExtension, 'upstream'), rateLimit: { enabled: true, rate: 1, per } },
    });
    for (const per of ['60', '1 minute', 'PT1M', '-1s']) expect(checkExtension(limited(per))).toHaveLength(1);
    for (const per of ['', '0', '1h30m', '1.5s', '10ms', '5µs']) expect(checkExtension(limited(per))).toEqual([]);
  });
});

/** Every place of the schema that holds a single value. */
function knownFields(schema: Schema, segments: string[]): { segments: string[]; schema: Schema }[] {
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([name, field]) => knownFields(field, [...segments, name]));
  }
  if (schema.items !== undefined) return knownFields(schema.items, [...segments, '0']);
  if (schema.additionalProperties !== undefined)
    return knownFields(schema.additionalProperties, [...segments, 'someKey']);
  return schema.type === undefined ? [] : [{ segments, schema }];
}

describe('the served schema', () => {
  it('is the one of the version with the extension in it', () => {
    for (const version of ['3.0', '3.1', '3.0.3']) {
      const schema = oasApiSchema(version);
      expect(schema).toMatchObject({
        properties: { info: {}, [EXTENSION]: { required: ['info', 'upstream', 'server'] } },
      });
    }
    expect(oasApiSchema('3.1')).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
    expect(oasApiSchema('2.0')).toBeUndefined();
    expect(oasApiSchema('3.2.0')).toBeUndefined();
  });
});

describe('schemas that lead back to themselves', () => {
  const wrong = (schemas: JsonObject): string[] =>
    checkOas(changed('components.schemas', schemas)).map(({ path }) => path);

  it.each<[string, JsonObject]>([
    ['at once', { A: { $ref: '#/components/schemas/A' } }],
    ['among alternatives', { A: { anyOf: [{ type: 'string' }, { $ref: '#/components/schemas/A' }] } }],
    [
      'over another one',
      { A: { allOf: [{ $ref: '#/components/schemas/B' }] }, B: { not: { $ref: '#/components/schemas/A' } } },
    ],
  ])('without ever looking at the value, %s, are refused: a node that checks a value dies of them', (_how, schemas) => {
    expect(wrong(schemas)).toContainEqual(expect.stringMatching(/^components\.schemas\.A.*\$ref$/u));
  });

  it('on the way into the value are what trees are made of', () => {
    const child = { $ref: '#/components/schemas/A' };
    expect(wrong({ A: { type: 'object', properties: { a: child, all: { type: 'array', items: child } } } })).toEqual(
      [],
    );
    expect(
      wrong({ A: { allOf: [{ $ref: '#/components/schemas/B' }, { $ref: '#/components/schemas/B' }] }, B: {} }),
    ).toEqual([]);
  });
});

describe('parameters', () => {
  it('are there once in a list, by name and place', () => {
    const id = { name: 'id', in: 'path', required: true, schema: {} };
    const q = { name: 'q', in: 'query', schema: {} };
    const at = (parameters: JsonValue) =>
      checkOas(changed('paths./things/{id}.get.parameters', parameters)).map(({ path }) => path);
    expect(at([id, q, { ...q, in: 'header' }])).toEqual([]);
    expect(at([id, q, { ...q, description: 'again' }])).toEqual(['paths["/things/{id}"].get.parameters[2]']);
  });
});
