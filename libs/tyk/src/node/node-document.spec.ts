import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../json/json-text';
import { objectAt } from '../json/read';
import { toNodeDocument } from './node-document';
import { petStore, smallApi } from '../testing/documents';
import { acceptedBy, acceptedByNodes } from '../testing/node-reading';
import { anySchema, smallValue } from '../testing/schemas';
import { checkOas } from '../check/oas/validate';
import { EXTENSION } from '../openapi/values';

const with31 = (parts: JsonObject): JsonObject => ({ ...smallApi(), openapi: '3.1.0', ...parts });
const withSchemas = (schemas: JsonObject): JsonObject => with31({ components: { schemas } });
const nodeSchema = (schema: JsonValue): JsonValue =>
  objectAt(toNodeDocument(withSchemas({ S: schema })).document, 'components', 'schemas')['S'] ?? null;
const lostOf = (document: JsonObject): string[] => toNodeDocument(document).lost.map(({ path }) => path);

/** A document with three schemas; its check says whether they can be an API's. */
const anyDocument = fc
  .record({ A: anySchema, B: anySchema, S: anySchema })
  .map(({ A, B, S }) => withSchemas({ A: { ...objectAt(A), $defs: { X: { type: 'integer' } } }, B, S }));
const anyValidDocument = anyDocument.filter((document) => checkOas(document).length === 0);

describe('the document that nodes get', () => {
  it('is the same for OpenAPI 3.0, without what only describes', () => {
    const { document, lost } = toNodeDocument(smallApi());
    expect(document).toEqual(smallApi());
    expect(lost).toEqual([]);
    const described = {
      ...smallApi(),
      info: { ...objectAt(smallApi(), 'info'), contact: { url: '%zz' }, license: { name: 'MIT' }, 'x-team': 'a' },
      externalDocs: { url: ':' },
    };
    expect(toNodeDocument(described).document['info']).toEqual({ title: 'Small', version: '1', 'x-team': 'a' });
    expect(Object.keys(toNodeDocument(described).document)).not.toContain('externalDocs');
  });

  it('has nothing of what nobody has checked and no node would decode', () => {
    const odd = { type: 'string', nullable: 'yes', discriminator: { mapping: 5 }, xml: 7, 'x-odd': { kept: 1 } };
    expect(nodeSchema(odd)).toEqual({ type: 'string', 'x-odd': { kept: 1 } });
    const discriminator = { propertyName: 'kind', mapping: { a: '#/components/schemas/A' } };
    expect(nodeSchema({ type: 'object', discriminator })).toEqual({ type: 'object', discriminator });
  });

  it('keeps Tyk’s extension to the last value', () => {
    const document = with31({ webhooks: {}, jsonSchemaDialect: 'https://example.com/dialect' });
    expect(toNodeDocument(document).document[EXTENSION]).toEqual(document[EXTENSION]);
  });

  it('property: is OpenAPI 3.0 without a fault, and nodes get the same of it again', () => {
    fc.assert(
      fc.property(anyValidDocument, (document) => {
        const written = toNodeDocument(document).document;
        expect(written['openapi']).toBe('3.0.3');
        expect(checkOas(written)).toEqual([]);
        expect(toNodeDocument(written)).toEqual({ document: written, lost: [] });
      }),
    );
  });

  it('property: accepts every value that the author accepts, and no other where nothing is lost', () => {
    fc.assert(
      fc.property(anyValidDocument, fc.array(smallValue, { minLength: 6, maxLength: 6 }), (document, values) => {
        const { document: written, lost } = toNodeDocument(document);
        const [author, node] = [acceptedBy(document), acceptedByNodes(written)];
        for (const value of values) {
          if (author(value)) expect({ value, accepted: node(value) }).toEqual({ value, accepted: true });
          else if (lost.length === 0) expect({ value, accepted: node(value) }).toEqual({ value, accepted: false });
        }
      }),
    );
  });

  it.each<[string, JsonValue, JsonValue]>([
    ['a list of types', { type: ['string', 'null'] }, { type: 'string', nullable: true }],
    [
      'several types',
      { type: ['string', 'integer'] },
      { allOf: [{ anyOf: [{ type: 'string' }, { type: 'integer' }] }] },
    ],
    ['no type', { minLength: 1 }, { minLength: 1, nullable: true }],
    ['null alone', { type: 'null' }, { nullable: true, allOf: [{ enum: [null], nullable: true }] }],
    [
      'an exclusive limit',
      { type: 'integer', exclusiveMinimum: 5 },
      { type: 'integer', minimum: 5, exclusiveMinimum: true },
    ],
    ['two limits', { type: 'integer', maximum: 3, exclusiveMaximum: 5 }, { type: 'integer', maximum: 3 }],
    ['a constant', { const: 5 }, { allOf: [{ enum: [5] }] }],
    ['true', true, { nullable: true }],
    ['an example', { type: 'string', examples: ['a', 'b'] }, { type: 'string', example: 'a' }],
    ['a list of anything', { type: 'array' }, { type: 'array', items: { nullable: true } }],
    ['a count beyond integers', { type: 'string', maxLength: 1e30 }, { type: 'string', maxLength: 2 ** 53 - 1 }],
    ['a code point in a pattern', { type: 'string', pattern: '^\\u00e4' }, { type: 'string', pattern: '^\\x{00e4}' }],
  ])('says %s in the words of 3.0', (_what, schema, expected) => {
    expect(nodeSchema(schema)).toEqual(expected);
  });

  it('moves what a reference leads to elsewhere to where nodes look for it', () => {
    const { document } = toNodeDocument(
      withSchemas({
        A: {
          $defs: { B: { type: 'string' } },
          type: 'object',
          properties: { b: { $ref: '#/components/schemas/A/$defs/B' } },
        },
        'schema-1': { type: 'boolean' },
      }),
    );
    expect(objectAt(document, 'components', 'schemas')).toEqual({
      A: { type: 'object', properties: { b: { $ref: '#/components/schemas/schema-2' } } },
      'schema-1': { type: 'boolean' },
      'schema-2': { type: 'string' },
    });
  });

  it('writes references without escapes', () => {
    const schemas = {
      'a.b': { type: 'string' },
      S: { type: 'object', properties: { x: { $ref: '#/components/schemas/a%2Eb' } } },
    };
    const { document } = toNodeDocument(withSchemas(schemas));
    expect(objectAt(document, 'components', 'schemas', 'S', 'properties', 'x')).toEqual({
      $ref: '#/components/schemas/a.b',
    });
  });

  it('says beside a reference what 3.0 cannot say there', () => {
    const { document } = toNodeDocument(
      withSchemas({ A: { type: 'string' }, S: { $ref: '#/components/schemas/A', minLength: 3, description: 'x' } }),
    );
    expect(objectAt(document, 'components', 'schemas', 'S')).toEqual({
      allOf: [{ $ref: '#/components/schemas/A' }, { minLength: 3, nullable: true }],
    });
  });

  it('has path items in their place, and no webhooks', () => {
    const get = { responses: { '200': { description: 'x' } } };
    const { document } = toNodeDocument(
      with31({
        paths: { '/a': { $ref: '#/components/pathItems/a' }, 'x-note': 5 },
        components: { pathItems: { a: { get } } },
        webhooks: { w: { post: get } },
      }),
    );
    expect(document['paths']).toEqual({ '/a': { get } });
    expect(Object.keys(document)).not.toContain('webhooks');
    expect(objectAt(document, 'components')).toEqual({});
  });

  it('answers where 3.1 leaves the answers out', () => {
    const { document } = toNodeDocument(with31({ paths: { '/a': { get: {} } } }));
    expect(objectAt(document, 'paths', '/a', 'get')).toEqual({ responses: { default: { description: '' } } });
    const empty = with31({ components: {} });
    expect(
      toNodeDocument(Object.fromEntries(Object.entries(empty).filter(([name]) => name !== 'paths'))).document,
    ).toEqual(expect.objectContaining({ paths: {} }));
  });

  it('asks for a key where a scheme is one that nodes do not know, and never for nothing', () => {
    const document = with31({
      components: { securitySchemes: { cert: { type: 'mutualTLS' }, b: { type: 'http', scheme: 'Bearer' } } },
    });
    const { document: written, lost } = toNodeDocument(document);
    expect(objectAt(written, 'components', 'securitySchemes')).toEqual({
      cert: { type: 'apiKey', name: 'Authorization', in: 'header' },
      b: { type: 'http', scheme: 'bearer' },
    });
    expect(lost.map(({ path }) => path)).toEqual(['components.securitySchemes.cert']);
  });

  it('reports what nodes do not check, where it stands', () => {
    const schema = {
      type: 'object',
      patternProperties: { '^x-': { type: 'string' } },
      additionalProperties: false,
      properties: { name: { type: 'string', pattern: '^(?!root)' }, example: { if: {}, then: false } },
    };
    const document = withSchemas({ S: schema });
    expect(lostOf(document)).toEqual([
      'components.schemas.S.patternProperties',
      'components.schemas.S.properties.name.pattern',
      'components.schemas.S.properties.example.if',
    ]);
    // A name that only the lost pattern allowed must not be refused now.
    expect(nodeSchema(schema)).not.toHaveProperty('additionalProperties');
    expect(lostOf(petStore)).toEqual([]);
  });

  it('does not lose itself in callbacks that hold each other', () => {
    const item = {
      post: { callbacks: { c: { '{$request.query.u}': { $ref: '#/components/pathItems/a' } } }, responses: {} },
    };
    const document = with31({ paths: {}, components: { pathItems: { a: item } } });
    const looped = { ...document, paths: { '/a': { $ref: '#/components/pathItems/a' } } };
    expect(JSON.stringify(toNodeDocument(looped).document).length).toBeLessThan(10_000);
  });

  it('keeps names that break careless code', () => {
    const properties = JSON.parse('{"__proto__":{"type":"string"},"constructor":{"type":"string"}}') as JsonObject;
    expect(JSON.stringify(nodeSchema({ type: 'object', properties }))).toContain('"__proto__":{"type":"string"}');
  });
});
