import * as fc from 'fast-check';
import { stringify } from 'yaml';
import type { JsonObject } from '../json/json-text';
import { at, objectAt } from '../json/read';
import { anyJson } from '../testing/arbitraries';
import { toPublicOas } from '../openapi/export';
import { importOpenApi, patchOas, type ImportOptions, type ImportResult } from './import';
import { petStore, smallApi, smallExtension } from '../testing/documents';
import { deriveClassicDefinition } from '../convert/to-classic';
import { checkOas } from '../check/oas/validate';
import { EXTENSION, without } from '../openapi/values';

function accepted(result: ImportResult): JsonObject {
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.oas;
}

function refused(result: ImportResult): string[] {
  return result.ok ? [] : result.problems.map(({ path }) => path);
}

function imported(options: ImportOptions = {}, document = petStore): JsonObject {
  return accepted(importOpenApi(document, options));
}

function settings(oas: JsonObject): JsonObject {
  return objectAt(oas, EXTENSION, 'middleware', 'operations');
}

describe('import', () => {
  it('makes an API that nodes can load, at a path made of the title and with the first server behind it', () => {
    const oas = imported();
    expect(checkOas(oas)).toEqual([]);
    expect(oas[EXTENSION]).toEqual({
      info: { name: 'Pet Store (Größe M)', state: { active: true, internal: false } },
      upstream: { url: 'https://live.pets.example.com/v1' },
      server: { listenPath: { value: '/pet-store-gro-e-m/', strip: true } },
      middleware: { global: { contextVariables: { enabled: true }, trafficLogs: { enabled: true } } },
    });
    expect(deriveClassicDefinition(oas)).toMatchObject({
      active: true,
      do_not_track: false,
      enable_context_vars: true,
    });
  });

  it('leaves the document as it is', () => {
    expect(without(imported(), EXTENSION)).toEqual(petStore);
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(imported({}, { ...petStore, 'x-any': value })['x-any']).toEqual(value);
      }),
    );
  });

  it('adds no paths to a document that has none', () => {
    const webhooks = { ...without(petStore, 'paths', 'servers'), openapi: '3.1.0', webhooks: {} };
    expect(without(imported({ upstreamUrl: 'https://up', allowList: true }, webhooks), EXTENSION)).toEqual(webhooks);
  });

  it('reads JSON and YAML alike', () => {
    const expected = imported();
    expect(accepted(importOpenApi(JSON.stringify(petStore)))).toEqual(expected);
    expect(accepted(importOpenApi(stringify(petStore)))).toEqual(expected);
  });

  it('takes what the parameters say', () => {
    const oas = imported({ apiId: 'a1', listenPath: '/p/', upstreamUrl: 'https://up', customDomain: 'p.example.com' });
    expect(oas[EXTENSION]).toMatchObject({
      info: { id: 'a1' },
      upstream: { url: 'https://up' },
      server: { listenPath: { value: '/p/' }, customDomain: { enabled: true, name: 'p.example.com' } },
    });
  });

  it.each([
    ['is relative', { servers: [{ url: '/v1' }] }, 'servers[0].url', '"/v1"'],
    ['has a variable without a default', { servers: [{ url: 'https://{host}/' }] }, 'servers[0].url', '{host}'],
    ['does not exist', { servers: [] }, 'servers', 'upstreamURL'],
  ])('is refused when the server %s, unless an address is given', (_, servers, path, text) => {
    const document = { ...petStore, ...servers };
    const result = importOpenApi(document);
    expect(refused(result)).toEqual([path]);
    expect(result.ok ? '' : result.problems[0]?.message).toContain(text);
    expect(at(imported({ upstreamUrl: 'https://up' }, document), EXTENSION, 'upstream', 'url')).toBe('https://up');
  });

  it('is refused with the problems of the document, and of a document that has the extension', () => {
    expect(refused(importOpenApi(smallApi()))).toEqual([EXTENSION]);
    expect(refused(importOpenApi(petStore, { upstreamUrl: 'no-url' }))).toEqual(['upstreamURL']);
  });

  it('takes over from a template what the document does not say', () => {
    const template = {
      info: { title: 'Template', contact: { name: 'Us' } },
      tags: [{ name: 'template' }],
      [EXTENSION]: {
        server: { detailedTracing: { enabled: true } },
        middleware: { global: { trafficLogs: { enabled: false } } },
      },
    };
    const oas = imported({ template });
    expect(oas).toMatchObject({
      info: { title: 'Pet Store (Größe M)', contact: { name: 'Us' } },
      tags: [{ name: 'pets' }],
      [EXTENSION]: {
        server: { detailedTracing: { enabled: true } },
        middleware: { global: { trafficLogs: { enabled: false } } },
      },
    });
    const wrong = { paths: { '/more': { get: { responses: {} } } } };
    expect(refused(importOpenApi(petStore, { template: wrong }))).toEqual(['paths["/more"].get.responses']);
    expect(refused(importOpenApi(petStore, { template: { [EXTENSION]: { server: { port: 'x' } } } }))).toEqual([
      `${EXTENSION}.server.port`,
    ]);
  });
});

describe('setting up the operations of a document', () => {
  it('lets through exactly those, and names the ones without an id', () => {
    const oas = imported({ allowList: true });
    const allow = { allow: { enabled: true } };
    expect(settings(oas)).toEqual({ listPets: allow, petsPOST: allow, deletePet: allow });
    expect(at(oas, 'paths', '/pets', 'post', 'operationId')).toBe('petsPOST');
  });

  it('does not take an id that another operation has', () => {
    const responses = { default: { description: '' } };
    const paths = { '/a': { get: { responses }, put: { operationId: 'aGET', responses } } };
    expect(Object.keys(settings(imported({ allowList: true }, { ...petStore, paths }))).sort()).toEqual([
      'aGET',
      'aGET2',
    ]);
  });

  it('validates requests that have something to validate', () => {
    const validateRequest = { enabled: true, errorResponseCode: 422 };
    expect(settings(imported({ validateRequest: true }))).toEqual({
      petsPOST: { validateRequest },
      deletePet: { validateRequest },
    });
  });

  it('makes up responses that the document describes', () => {
    const mockResponse = { enabled: true, fromOASExamples: { enabled: true } };
    expect(settings(imported({ mockResponse: true }))).toEqual({ petsPOST: { mockResponse } });
  });
});

describe('authentication by a parameter', () => {
  it('switches on the methods that the document asks for', () => {
    expect(at(imported({ authentication: true }), EXTENSION, 'server', 'authentication')).toEqual({
      enabled: true,
      baseIdentityProvider: 'auth_token',
      securitySchemes: {
        key: { enabled: true },
        login: { enabled: true, header: { enabled: true, name: 'Authorization' } },
      },
    });
    expect(at(imported({ authentication: false }), EXTENSION, 'server', 'authentication', 'enabled')).toBe(false);
    expect(imported()).not.toHaveProperty([EXTENSION, 'server', 'authentication']);
  });

  it('is refused when the document asks for none', () => {
    expect(refused(importOpenApi({ ...petStore, security: [] }, { authentication: true }))).toEqual(['security']);
  });

  it('says which scheme nodes cannot check', () => {
    const components = { securitySchemes: { sso: { type: 'openIdConnect', openIdConnectUrl: 'https://id' } } };
    const result = importOpenApi(
      { ...petStore, components, security: [{ sso: [] }], paths: {} },
      { authentication: true },
    );
    expect(result).toMatchObject({ ok: true, notes: [{ path: 'components.securitySchemes["sso"]' }] });
  });
});

describe('patch', () => {
  const existing = imported({ allowList: true, apiId: 'a1', authentication: true });
  const slimmer = { ...without(petStore, 'x-vendor'), paths: { '/pets': objectAt(petStore, 'paths', '/pets') } };

  it('replaces the document and keeps the extension, without settings of operations that are gone', () => {
    const oas = accepted(patchOas(existing, slimmer));
    expect(without(oas, EXTENSION)).toEqual(slimmer);
    const extension = objectAt(existing, EXTENSION);
    expect(oas[EXTENSION]).toEqual({
      ...extension,
      middleware: { ...objectAt(extension, 'middleware'), operations: { listPets: { allow: { enabled: true } } } },
    });
  });

  it('keeps the name that the API has got since', () => {
    const info = { ...objectAt(existing, EXTENSION, 'info'), name: 'Own name' };
    const renamed = { ...existing, [EXTENSION]: { ...objectAt(existing, EXTENSION), info } };
    expect(at(accepted(patchOas(renamed, petStore)), EXTENSION, 'info')).toEqual(info);
  });

  it('changes nothing when the document is the same', () => {
    expect(accepted(patchOas(existing, existing))).toEqual(existing);
    expect(accepted(patchOas(existing, JSON.stringify(without(existing, EXTENSION))))).toEqual(existing);
  });

  it('changes the extension as the parameters say, and only so', () => {
    const oas = accepted(
      patchOas(existing, petStore, { allowList: false, listenPath: '/new/', authentication: false }),
    );
    expect(oas[EXTENSION]).toMatchObject({
      info: { id: 'a1' },
      server: { listenPath: { value: '/new/', strip: true }, authentication: { enabled: false } },
    });
    expect(settings(oas)).toEqual({
      listPets: { allow: { enabled: false } },
      petsPOST: { allow: { enabled: false } },
      deletePet: { allow: { enabled: false } },
    });
  });

  it('stops blocking an operation that it lets through', () => {
    const blocked = smallApi({}, { block: { enabled: true }, cache: { enabled: true } });
    expect(settings(accepted(patchOas(blocked, without(blocked, EXTENSION), { allowList: true })))).toEqual({
      getThing: { block: { enabled: false }, allow: { enabled: true }, cache: { enabled: true } },
    });
  });

  it('keeps the servers when the new document names none, and the address of the API first', () => {
    const own = { url: 'https://gateway/pets/', description: 'ours' };
    const stored = { ...existing, servers: [own, { url: 'https://other' }] };
    const without_ = without(slimmer, 'servers');
    expect(accepted(patchOas(stored, without_))['servers']).toEqual(stored.servers);
    const servers = accepted(patchOas(stored, slimmer, { gatewayUrl: own.url }))['servers'];
    expect(servers).toEqual([{ url: own.url }, ...(Array.isArray(petStore['servers']) ? petStore['servers'] : [])]);
  });

  it('does not take a server for the upstream of an API that balances its load', () => {
    const upstream = { url: '', loadBalancing: { enabled: true, targets: [{ url: 'https://a', weight: 1 }] } };
    const balanced = { ...petStore, [EXTENSION]: { ...smallExtension, upstream } };
    expect(at(accepted(patchOas(balanced, petStore, { allowList: true })), EXTENSION, 'upstream')).toEqual(upstream);
  });

  it('takes the extension of the new document if it brings one', () => {
    expect(accepted(patchOas(existing, smallApi()))[EXTENSION]).toEqual(smallExtension);
    expect(refused(patchOas(existing, { ...smallApi(), [EXTENSION]: {} }))).not.toEqual([]);
  });
});

describe('public export', () => {
  it('shows nothing of the gateway, and all of the rest', () => {
    const oas = { ...imported(), 'x-tyk-streaming': { streams: {} } };
    expect(toPublicOas(oas)).toEqual(petStore);
    expect(oas).toHaveProperty([EXTENSION]);
  });
});

describe('documents of other versions, and of many faults', () => {
  const swagger: JsonObject = {
    swagger: '2.0',
    info: { title: 'Old pets', version: '1' },
    host: 'pets.example',
    basePath: '/v1',
    schemes: ['https'],
    securityDefinitions: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } },
    definitions: { Pet: { type: 'object', properties: { name: { type: 'string' } } } },
    paths: {
      '/pets/{id}': {
        parameters: [{ in: 'path', name: 'id', required: true, type: 'integer' }],
        get: { operationId: 'pet', responses: { 200: { description: 'one', schema: { $ref: '#/definitions/Pet' } } } },
        put: {
          operationId: 'put',
          consumes: ['application/json'],
          parameters: [{ in: 'body', name: 'pet', required: true, schema: { $ref: '#/definitions/Pet' } }],
          responses: { 204: { description: 'done' } },
        },
      },
    },
  };

  it('converts Swagger 2.0, and says so', () => {
    const before = structuredClone(swagger);
    const result = importOpenApi(swagger, { validateRequest: true });
    expect(swagger).toEqual(before);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.notes).toEqual([{ path: 'swagger', message: 'was converted from Swagger 2.0 to OpenAPI 3.0.3' }]);
    expect(checkOas(result.oas)).toEqual([]);
    expect(result.oas).toMatchObject({
      openapi: '3.0.3',
      components: {
        schemas: { Pet: { type: 'object' } },
        securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Key' } },
      },
      [EXTENSION]: {
        upstream: { url: 'https://pets.example/v1' },
        middleware: { operations: { put: { validateRequest: { enabled: true } } } },
      },
    });
    expect(result.oas['swagger']).toBeUndefined();
  });

  it.each<[JsonObject, string]>([
    [{ ...swagger, paths: { '/a': { get: null } } }, 'swagger'],
    [{ swagger: '2.0' }, 'paths'],
    [{ ...swagger, swagger: '1.2' }, 'swagger'],
    [{ ...swagger, paths: { '/a': { get: { responses: {} } } } }, 'paths["/a"].get.responses'],
  ])('refuses a broken one, whatever the fault', (document, path) => {
    expect(refused(importOpenApi(document))).toContain(path);
  });

  it('says what to do with OpenAPI 3.2 and with documents of several files', () => {
    expect(importOpenApi({ openapi: '3.2.0', info: { title: 'A', version: '1' }, paths: {} })).toEqual({
      ok: false,
      problems: [
        { path: 'openapi', message: 'is 3.2.0, which no gateway reads yet: write the document in 3.0 or 3.1' },
      ],
    });
    const many = { ...petStore, paths: { '/a': { $ref: 'paths/a.yaml' } } };
    expect(importOpenApi(many)).toMatchObject({
      problems: [{ message: '"paths/a.yaml" leads out of the document: bundle all of its files into one first' }],
    });
  });

  it('takes a variable of a server whose default is empty', () => {
    const servers = [
      { url: 'https://{sub}pets.example/{base}', variables: { sub: { default: '' }, base: { default: 'v1' } } },
    ];
    const result = importOpenApi({ ...petStore, servers });
    expect(result).toMatchObject({ ok: true, oas: { [EXTENSION]: { upstream: { url: 'https://pets.example/v1' } } } });
    const without = [{ url: 'https://pets.example/{base}', variables: {} }];
    expect(importOpenApi({ ...petStore, servers: without })).toMatchObject({
      problems: [
        {
          path: 'servers[0].url',
          message:
            '"https://pets.example/{base}" has a variable without a default; change it, or give the parameter upstreamURL',
        },
      ],
    });
  });

  const get = { responses: { 200: { description: 'a' } } };
  const parameter = (name: string): JsonObject => ({ in: 'path', name, required: true, schema: { type: 'string' } });
  const twins: JsonObject = {
    ...petStore,
    paths: {
      '/a/{id}': { get: { ...get, parameters: [parameter('id')] } },
      '/a/{name}': { post: { ...get, parameters: [parameter('name')] } },
    },
  };

  it('leaves out and reports paths that differ in names only, when asked to be lenient', () => {
    expect(refused(importOpenApi(twins))).toEqual(['paths["/a/{name}"]']);
    const result = importOpenApi(twins, { lenient: true });
    expect(result).toMatchObject({
      ok: true,
      notes: [{ path: 'paths["/a/{name}"]', message: 'is left out: the same path as "/a/{id}" with other names' }],
    });
    expect(result.ok ? Object.keys(objectAt(result.oas['paths'])) : []).toEqual(['/a/{id}']);
  });

  it('lists the faults of all parts of a large document at once, up to fifty', () => {
    const path = (index: number): JsonObject => ({
      get: { ...get, operationId: `get${index}`, tags: Array.from({ length: 40 }, (_, tag) => `t${tag}`) },
      ...(index % 200 === 0 ? { post: { responses: 'none' } } : {}),
    });
    const paths = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`/p${index}`, path(index)]));
    const components = { schemas: { 'a b': { type: 'string' }, B: { type: 'text' } } };
    const found = refused(importOpenApi({ ...petStore, paths, components, security: [{ none: [] }] }));
    for (const place of [
      'paths["/p0"].post.responses',
      'paths["/p1800"].post.responses',
      'components.schemas.B.type',
    ]) {
      expect(found).toContain(place);
    }
    // What the structure says and what it means, in one answer.
    expect(found).toContain('security[0]["none"]');
    expect(found.length).toBeLessThanOrEqual(50);
  });
});
