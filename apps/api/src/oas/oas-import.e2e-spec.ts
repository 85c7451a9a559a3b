import { listOf, textOf, unique, type JsonReply, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi, anOpenApiDocument } from '../../test/oas-documents';

describe('OpenAPI documents that become OAS APIs', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    organisation.admin.client.post(`/api/apis/oas/${path}`, body, { headers });
  const read = async (reply: Reply): Promise<JsonReply> => {
    const id = textOf(expectOk(reply).json['Meta']);
    return (await organisation.admin.client.get(`/api/apis/oas/${id}`)).json;
  };
  const extensionOf = (document: JsonReply): JsonReply => document['x-tyk-api-gateway'] ?? {};

  describe('import', () => {
    it('makes an API that is active, listens at its title and proxies to the first server', async () => {
      const title = unique('Pet Store');
      const reply = await post('import', anOpenApiDocument({ info: { title, version: '1' } }));
      expect(reply.text).toMatch(/^{"Status":"OK","Message":"API created","Meta":"[0-9a-f]{24}","ID":"[0-9a-f]{32}"}$/);
      expect(extensionOf(await read(reply))).toMatchObject({
        info: { name: title, state: { active: true } },
        server: { listenPath: { value: `/${title.toLowerCase().replace(' ', '-')}/`, strip: true } },
        upstream: { url: 'http://pets.example.com/v1' },
      });
    });

    it('does what the query asks for', async () => {
      const path = unique('path');
      const query = new URLSearchParams({
        upstreamURL: 'http://elsewhere.example.com/',
        listenPath: `/${path}/`,
        customDomain: 'pets.example.org',
        allowList: 'true',
        validateRequest: 'true',
        mockResponse: 'true',
        authentication: 'true',
      });
      const document = await read(await post(`import?${query.toString()}`, anOpenApiDocument()));
      const extension = extensionOf(document);
      expect(extension).toMatchObject({
        upstream: { url: 'http://elsewhere.example.com/' },
        server: {
          listenPath: { value: `/${path}/` },
          customDomain: { enabled: true, name: 'pets.example.org' },
          authentication: { enabled: true, securitySchemes: { key: { enabled: true } } },
        },
        middleware: {
          operations: {
            listPets: { allow: { enabled: true }, mockResponse: { enabled: true } },
            createPet: { allow: { enabled: true }, validateRequest: { enabled: true } },
          },
        },
      });
    });

    it('takes YAML', async () => {
      const yaml = [
        'openapi: 3.1.0',
        `info: { title: ${unique('Yaml')}, version: 1.0.0 }`,
        'servers: [{ url: "http://yaml.example.com" }]',
        'paths: { /a: { get: { responses: { "200": { description: fine } } } } }',
      ].join('\n');
      const document = await read(await post('import', yaml, { 'content-type': 'application/yaml' }));
      expect(document['openapi']).toBe('3.1.0');
      expect(extensionOf(document)['upstream']).toMatchObject({ url: 'http://yaml.example.com' });
    });

    it('can make a version of an API', async () => {
      const base = textOf(expectOk(await organisation.admin.client.post('/api/apis/oas', anOasApi())).json['ID']);
      const query = `base_api_id=${base}&base_api_version_name=v1&new_version_name=v2`;
      const made = textOf(expectOk(await post(`import?${query}`, anOpenApiDocument())).json['ID']);
      const reply = await organisation.admin.client.get(`/api/apis/oas/${made}`);
      expect(reply.headers.get('x-tyk-base-api-id')).toBe(base);
    });

    it.each<[string, unknown, string, string]>([
      ['a document that is an API', anOasApi(), 'The import payload should not contain x-tyk-api-gateway.', ''],
      [
        'an address to fetch',
        { url: 'http://127.0.0.1:1/x.json' },
        'url: is not fetched; send the document itself',
        '',
      ],
      ['a document without a server', anOpenApiDocument({ servers: [] }), 'servers: names no server', ''],
      ['an upstream that is none', anOpenApiDocument(), 'upstreamURL: ', '?upstreamURL=nowhere'],
      ['no document', '', "Couldn't read body.", ''],
      ['a reference to nowhere', anOpenApiDocument({ security: [{ none: [] }] }), 'security', '?authentication=true'],
      ['a template', anOpenApiDocument(), 'templateID: names no template', '?templateID=mine'],
      ['a base without a version', anOpenApiDocument(), 'version name header should be set', '?base_api_id=x'],
    ])('400: refuses %s', async (_, body, message, query) => {
      const reply = await post(`import${query}`, body);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
      expect(textOf(reply.json['Message']).startsWith(message)).toBe(true);
    });

    it('converts Swagger 2.0 and, asked to be lenient, leaves out and reports paths that differ in names only', async () => {
      const one = (name: string) => ({
        get: {
          parameters: [{ in: 'path', name, required: true, type: 'string' }],
          responses: { 200: { description: 'one' } },
        },
      });
      const document = {
        swagger: '2.0',
        info: { title: unique('old'), version: '1' },
        host: 'pets.example',
        schemes: ['https'],
        paths: {
          '/a/{id}': one('id'),
          '/a/{name}': one('name'),
          '/b': { get: { responses: { 200: { description: 'b' } } } },
        },
      };
      const refused = await post('import', document);
      expect([refused.status, refused.json['Errors']]).toMatchObject([400, [{ path: 'paths["/a/{name}"]' }]]);
      const reply = expectOk(await post('import?lenient=true', document));
      const notes = JSON.parse(reply.headers.get('x-castellan-notes') ?? '[]') as { path: string }[];
      expect(notes.map((note) => note.path)).toEqual(expect.arrayContaining(['swagger', 'paths["/a/{name}"]']));
      const stored = await read(reply);
      expect(stored).toMatchObject({
        openapi: '3.0.3',
        servers: expect.arrayContaining([{ url: 'https://pets.example' }]) as unknown,
      });
      expect(Object.keys(stored['paths'] ?? {})).toEqual(['/a/{id}', '/b']);
    });

    it.each<[string, Parameters<typeof anOpenApiDocument>[0], string, string]>([
      [
        'OpenAPI 3.2, and says which to write',
        { openapi: '3.2.0' },
        'openapi',
        'is 3.2.0, which no gateway reads yet: write the document in 3.0 or 3.1',
      ],
      [
        'a document of several files, and says to bundle them first',
        { paths: { '/a': { $ref: 'paths/a.yaml' } } },
        'paths["/a"].$ref',
        '"paths/a.yaml" leads out of the document: bundle all of its files into one first',
      ],
      [
        'a server with a variable that has no default, and says which',
        { servers: [{ url: 'https://pets.example/{base}', variables: {} }] },
        'servers[0].url',
        '"https://pets.example/{base}" has a variable without a default; change it, or give the parameter upstreamURL',
      ],
    ])('400: refuses %s', async (_, changes, path, message) => {
      const oas = anOpenApiDocument(changes);
      for (const [route, body] of Object.entries({ import: oas, 'dry-run': { oas } })) {
        const reply = await post(route, body);
        expect([route, reply.status, reply.json['Errors']]).toEqual([route, 400, [{ path, message }]]);
      }
    });

    it('takes a variable of a server whose default is empty for nothing', async () => {
      const variables = { sub: { default: '' }, base: { default: 'v1' } };
      const servers = [{ url: 'https://{sub}pets.example/{base}', variables }];
      const stored = await read(await post('import', anOpenApiDocument({ servers })));
      expect(extensionOf(stored)['upstream']).toMatchObject({ url: 'https://pets.example/v1' });
      expect(stored['servers']).toEqual(expect.arrayContaining(servers));
    });

    it('400: lists the faults of a large document at once, as far as fifty', async () => {
      const operation = { operationId: 'o', responses: { 200: { description: 'a' } } };
      const faults = (every: number) =>
        Object.fromEntries(
          Array.from({ length: 600 }, (_, index) => [
            `/p${index}`,
            { get: { ...operation, operationId: `o${index}`, ...(index % every === 0 ? { responses: 'none' } : {}) } },
          ]),
        );
      const components = { schemas: { B: { type: 'text' } } };
      const found = async (every: number): Promise<string[]> => {
        const reply = await post(
          'import',
          anOpenApiDocument({ paths: faults(every), components, security: [{ none: [] }] }),
        );
        expect(reply.status).toBe(400);
        return listOf(reply.json['Errors']).map(({ path }) => textOf(path));
      };
      expect(await found(200)).toEqual(
        expect.arrayContaining([
          ...['paths["/p0"].get.responses', 'paths["/p200"].get.responses', 'paths["/p400"].get.responses'],
          ...['components.schemas.B.type', 'security[0]["none"]'],
        ]),
      );
      expect(await found(1)).toHaveLength(50);
    });

    it('409: shares no listen path', async () => {
      const document = anOpenApiDocument();
      expectOk(await post('import', document));
      expect((await post('import', document)).json['Code']).toBe('listen_path_conflict');
    });
  });

  describe('dry run', () => {
    it('gives the API that an import would make, and makes none', async () => {
      const oas = anOpenApiDocument();
      const count = async (): Promise<number> =>
        listOf((await organisation.admin.client.get('/api/apis?p=-1')).json['apis']).length;
      const before = await count();
      const reply = expectOk(await post('dry-run?allowList=true', { oas }));
      expect(reply.json['paths']).toEqual(oas['paths']);
      expect(extensionOf(reply.json)).toMatchObject({
        upstream: { url: 'http://pets.example.com/v1' },
        middleware: { operations: { listPets: { allow: { enabled: true } } } },
      });
      expect(await count()).toBe(before);
      expect((await read(await post('import?allowList=true', oas)))['paths']).toEqual(oas['paths']);
    });

    it('gives what a patch would make of an API', async () => {
      const extended = anOasApi({ middleware: { global: { cache: { enabled: true } } } });
      const oas = anOpenApiDocument({ info: { title: 'New', version: '2' } });
      const reply = expectOk(await post('dry-run', { oas, tyk_oas: extended }));
      expect(reply.json['info']).toEqual({ title: 'New', version: '2' });
      expect(extensionOf(reply.json)).toMatchObject({ middleware: { global: { cache: { enabled: true } } } });
    });

    it('says in a header what the document asks for and no gateway does', async () => {
      const securitySchemes = { odd: { type: 'http', scheme: 'digest' } };
      const oas = anOpenApiDocument({ components: { securitySchemes }, security: [{ odd: [] }] });
      const reply = expectOk(await post('dry-run?authentication=true', { oas }));
      const notes = JSON.parse(reply.headers.get('x-castellan-notes') ?? '[]') as { path: string }[];
      expect(notes.map(({ path }) => path)).toEqual(['components.securitySchemes["odd"]']);
    });

    it('gives the notes that import gives, of what nodes do not do among them', async () => {
      const schemas = { Pet: { type: 'object', patternProperties: { '^x': { type: 'string' } } } };
      const oas = anOpenApiDocument({ openapi: '3.1.0', components: { schemas }, security: [] });
      const dryRun = expectOk(await post('dry-run', { oas })).headers.get('x-castellan-notes');
      const imported = expectOk(await post('import', oas)).headers.get('x-castellan-notes');
      expect(dryRun).toContain('components.schemas.Pet.patternProperties');
      expect(dryRun).toBe(imported);
    });

    it('converts Swagger 2.0 and, asked to be lenient, leaves out paths that differ in names only', async () => {
      const path = (name: string) => ({
        get: {
          parameters: [{ in: 'path', name, required: true, type: 'string' }],
          responses: { 200: { description: 'one' } },
        },
      });
      const oas = {
        swagger: '2.0',
        info: { title: unique('old'), version: '1' },
        host: 'pets.example',
        schemes: ['https'],
        paths: { '/a/{id}': path('id'), '/a/{name}': path('name') },
      };
      const refused = await post('dry-run', { oas });
      expect([refused.status, refused.json['Errors']]).toMatchObject([400, [{ path: 'paths["/a/{name}"]' }]]);
      const reply = expectOk(await post('dry-run?lenient=true', { oas }));
      expect(reply.json).toMatchObject({ openapi: '3.0.3', servers: [{ url: 'https://pets.example' }] });
      expect(Object.keys(reply.json['paths'] as object)).toEqual(['/a/{id}']);
      const notes = JSON.parse(reply.headers.get('x-castellan-notes') ?? '[]') as { path: string }[];
      expect(notes.map((note) => note.path)).toEqual(['swagger', 'paths["/a/{name}"]']);
    });

    it.each<[string, unknown, string]>([
      ['no document', {}, 'oas'],
      ['an API that is none', { oas: anOpenApiDocument(), tyk_oas: anOpenApiDocument() }, 'tyk_oas.x-tyk-api-gateway'],
    ])('400: refuses %s', async (_, body, path) => {
      const reply = await post('dry-run', body);
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
    });
  });

  describe('validation', () => {
    it('says what a write would make, and makes nothing', async () => {
      const document = anOasApi({ info: { id: unique('id') } });
      const reply = expectOk(await post('validate', document));
      expect(reply.json).toMatchObject({
        Status: 'OK',
        Message: 'API is valid',
        Meta: { changes: [{ kind: 'api', operation: 'create', version: 1 }] },
      });
      const id = textOf(expectOk(await organisation.admin.client.post('/api/apis/oas', document)).json['Meta']);
      const same = (await organisation.admin.client.get(`/api/apis/oas/${id}`)).text;
      expect(expectOk(await post(`validate?id=${id}`, same)).json['Meta']).toEqual({ changes: [] });
    });

    it('404 and 409: refuses what a write would', async () => {
      const document = anOasApi();
      expectOk(await organisation.admin.client.post('/api/apis/oas', document));
      expect((await post('validate', document)).json['Code']).toBe('listen_path_conflict');
      expect((await post('validate?id=nothing', document)).status).toBe(404);
    });
  });

  describe('export', () => {
    it('is the document as a file, in either format', async () => {
      const id = textOf(expectOk(await organisation.admin.client.post('/api/apis/oas', anOasApi())).json['Meta']);
      const path = `/api/apis/oas/${id}/export`;
      const json = await organisation.admin.client.get(path);
      expect(json.headers.get('content-type')).toBe('application/octet-stream');
      expect(json.headers.get('content-disposition')).toBe(`attachment; filename="oas-${id}.json"`);
      expect(json.json).toEqual((await organisation.admin.client.get(`/api/apis/oas/${id}`)).json);
      const headers = { 'content-type': 'application/x-yaml' };
      const yaml = await organisation.admin.client.get(path, { headers });
      expect(yaml.text).toMatch(/^openapi: 3\.0\.3$/m);
      const open = await organisation.admin.client.get(`${path}?mode=public`);
      expect(open.json).not.toHaveProperty('x-tyk-api-gateway');
    });
  });

  it('401 and 403: readers may try, and not import', async () => {
    const reader = await api.user(organisation.id, { apis: 'read' });
    const other = await api.user(organisation.id, { policies: 'write' });
    const bodies = { import: anOpenApiDocument(), 'dry-run': { oas: anOpenApiDocument() }, validate: anOasApi() };
    for (const [route, body] of Object.entries(bodies)) {
      const path = `/api/apis/oas/${route}`;
      expect((await api.anonymous.post(path, body)).status).toBe(401);
      expect((await other.client.post(path, body)).status).toBe(403);
      expect((await reader.client.post(path, body)).status).toBe(route === 'import' ? 403 : 200);
    }
    expect((await api.anonymous.get('/api/apis/oas/x/export')).status).toBe(401);
    expect((await other.client.get('/api/apis/oas/x/export')).status).toBe(403);
  });
});
