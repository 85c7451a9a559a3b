import { anApiDefinition, listOf, NodeSimulator, textOf, unique, type Reply, withVersion } from '@castellan/testing';
import { toNodeDocument, type JsonObject } from '@castellan/tyk';
import { RawNode } from '../../../../test/support/raw-node';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi, anOpenApiDocument } from '../../test/oas-documents';

const extensionOf = (document: unknown): Record<string, Record<string, unknown>> =>
  (document as Record<string, Record<string, Record<string, unknown>>>)['x-tyk-api-gateway'] ?? {};

describe('/api/apis/oas', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const create = async (document: unknown = anOasApi()): Promise<{ id: string; apiId: string }> => {
    const { json } = expectOk(await organisation.admin.client.post('/api/apis/oas', document));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const get = (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
    organisation.admin.client.get(`/api/apis/oas/${path}`, { headers });
  const put = (id: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    organisation.admin.client.put(`/api/apis/oas/${id}`, body, { headers });
  const patch = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    organisation.admin.client.patch(`/api/apis/oas/${path}`, body, { headers });

  describe('200', () => {
    it('answers a creation as clients expect, ID last', async () => {
      const reply = await organisation.admin.client.post('/api/apis/oas', anOasApi());
      expect(reply.text).toMatch(/^{"Status":"OK","Message":"API created","Meta":"[0-9a-f]{24}","ID":"[0-9a-f]{32}"}$/);
      expect(reply.headers.get('etag')).toBe('"1"');
    });

    it('gives the document back, with the ids put in, by either id', async () => {
      const document = anOasApi({ 'x.unknown': { $a: [{}] } }, { 'x-vendor': { __kept: null } });
      const { id, apiId } = await create(document);
      const [byId, byApiId] = [await get(id), await get(`${apiId}/`)];
      expect(byApiId.text).toBe(byId.text);
      expect(byId.headers.get('etag')).toBe('"1"');
      const extension = extensionOf(document);
      const info = { ...extension['info'], id: apiId, dbId: id, orgId: organisation.id };
      expect(byId.json).toEqual({ ...document, 'x-tyk-api-gateway': { ...extension, info } });
    });

    it('is the same row as a classic API: one list, one history, one wrapper', async () => {
      const { id, apiId } = await create();
      const wrapper = (await organisation.admin.client.get(`/api/apis/${apiId}`)).json;
      expect(wrapper['oas']).toEqual((await get(id)).json);
      expect(wrapper['api_definition']).toMatchObject({ id, api_id: apiId, org_id: organisation.id, is_oas: true });
      const listed = await organisation.admin.client.get('/api/apis?p=-1');
      expect(listOf(listed.json['apis']).map((each) => each['api_definition']?.['id'])).toContain(id);
      const history = await organisation.admin.client.get(`/api/apis/${id}/revisions`);
      expect(listOf(history.json['revisions'])).toHaveLength(1);
    });

    it('honours an id that is sent, and keeps one that a PUT changes', async () => {
      const sent = unique('id');
      const { id, apiId } = await create(anOasApi({ info: { id: sent } }));
      expect(apiId).toBe(sent);
      const changed = unique('id');
      expectOk(await put(id, anOasApi({ info: { id: changed } })));
      expect([(await get(changed)).status, (await get(sent)).status]).toEqual([200, 400]);
    });

    it('replaces, and the same document again changes nothing', async () => {
      const document = anOasApi();
      const { id } = await create(document);
      const changed = { ...document, info: { title: 'Changed', version: '2.0.0' } };
      const reply = expectOk(await put(id, changed));
      expect(reply.json).toMatchObject({ Status: 'OK', Message: 'API updated.', Meta: null });
      expect((await get(id)).json['info']).toEqual({ title: 'Changed', version: '2.0.0' });
      const read = (await get(id)).text;
      expect((await put(id, read)).headers.get('etag')).toBe('"2"');
      expect((await put(id, changed)).headers.get('etag')).toBe('"2"');
    });

    it('takes and gives YAML', async () => {
      const name = unique('yaml');
      const yaml = [
        'openapi: 3.0.3',
        `info: { title: ${name}, version: "1.0" }`,
        'paths: {}',
        'x-tyk-api-gateway:',
        `  info: { name: ${name}, state: { active: true } }`,
        '  upstream: { url: http://127.0.0.1:1/ }',
        `  server: { listenPath: { value: /${name}/ } }`,
      ].join('\n');
      const headers = { 'content-type': 'application/x-yaml' };
      const created = await organisation.admin.client.post('/api/apis/oas', yaml, { headers });
      const id = textOf(expectOk(created).json['Meta']);
      expect((await get(id)).json['info']).toEqual({ title: name, version: '1.0' });
      const read = await get(id, { accept: 'application/x-yaml' });
      expect(read.headers.get('content-type')).toMatch(/^application\/x-yaml/);
      expect(read.text).toContain(`title: ${name}`);
      const again = await put(id, read.text, headers);
      expect(expectOk(again).headers.get('etag')).toBe('"1"');
    });

    it('in public mode shows nothing of Tyk’s', async () => {
      const { id } = await create(anOasApi({}, { 'x-tyk-streaming': { streams: {} }, 'x-mine': 1 }));
      const { json } = expectOk(await get(`${id}?mode=public`));
      expect(Object.keys(json).filter((field) => field.startsWith('x-'))).toEqual(['x-mine']);
    });

    it('304: says when the caller has the document already', async () => {
      const { id } = await create();
      expect((await get(id, { 'if-none-match': '"1"' })).status).toBe(304);
    });

    it('patches the OpenAPI part: settings of operations that are gone go, servers and the rest stay', async () => {
      const operations = { listPets: { allow: { enabled: true } }, gone: { allow: { enabled: true } } };
      const { id } = await create(anOasApi({ middleware: { operations } }));
      const document = anOpenApiDocument({ info: { title: 'Patched', version: '2' }, servers: [] });
      const reply = expectOk(await patch(`${id}?validateRequest=true`, document));
      expect(reply.json).toMatchObject({ Status: 'OK', Message: 'API updated', Meta: null });
      const { json } = await get(id);
      expect(json['info']).toEqual({ title: 'Patched', version: '2' });
      expect(json['servers']).toEqual([{ url: 'http://pets.example.com/v1' }]);
      expect(extensionOf(json)['middleware']?.['operations']).toEqual({
        listPets: { allow: { enabled: true } },
        createPet: { validateRequest: { enabled: true, errorResponseCode: 422 } },
      });
    });

    it('deletes', async () => {
      const { id } = await create();
      const reply = await organisation.admin.client.delete(`/api/apis/oas/${id}`);
      expect(reply.text).toBe('{"Status":"OK","Message":"API deleted.","Meta":null}');
      expect((await organisation.admin.client.get(`/api/apis/${id}`)).status).toBe(404);
    });

    it('comes back from its history, and from being deleted, as it was', async () => {
      const { id } = await create();
      const before = (await get(id)).text;
      const changed = { ...JSON.parse(before), info: { title: 'Changed', version: '2' } } as unknown;
      expectOk(await put(id, changed));
      expectOk(await organisation.admin.client.post(`/api/apis/${id}/rollback`, { revision: 1 }));
      expect((await get(id)).text).toBe(before);
      expectOk(await organisation.admin.client.delete(`/api/apis/oas/${id}`));
      expectOk(await organisation.admin.client.post(`/api/apis/${id}/restore`));
      expect((await get(id)).text).toBe(before);
    });

    it('says in a header what nodes do not do of an OpenAPI 3.1 document', async () => {
      const schemas = { Pet: { type: ['object', 'null'], patternProperties: { '^x': { type: 'string' } } } };
      const document = anOasApi({}, { openapi: '3.1.0', components: { schemas }, security: [] });
      const reply = expectOk(await organisation.admin.client.post('/api/apis/oas', document));
      const notes = JSON.parse(reply.headers.get('x-castellan-notes') ?? '[]') as { path: string }[];
      expect(notes.map(({ path }) => path)).toEqual(['components.schemas.Pet.patternProperties']);
      expectOk(await organisation.admin.client.delete(`/api/apis/oas/${textOf(reply.json['Meta'])}`));
    });
  });

  it.each(['v3', 'v5'] as const)('reaches a %s node with its classic definition and its document', async (profile) => {
    const operations = { listPets: { block: { enabled: true } } };
    const { id, apiId } = await create(anOasApi({ middleware: { operations } }));
    const node = new NodeSimulator({
      dashboardUrl: api.url,
      nodeSecret: api.config.nodeSecret,
      gatewaySecret: 'gateway-secret',
      profile,
      startRetryMs: 50,
      healthCheckMs: 0,
    });
    try {
      await node.start();
      await node.waitFor(() => node.loadedApis.has(apiId));
      expect(node.loadedApis.get(apiId)).toMatchObject({
        id,
        is_oas: true,
        version_data: { versions: { '': { extended_paths: { black_list: [{ path: '/pets', method: 'GET' }] } } } },
      });
      const { document } = toNodeDocument((await get(id)).json);
      if (profile === 'v5') expect(node.loadedOas.get(apiId)).toEqual(document);
      expect(node.eventsOf('undecodable')).toEqual([]);
    } finally {
      await node.kill();
    }
  });

  it('of OpenAPI 3.1 stays as it was written, and reaches nodes as OpenAPI 3.0, which all of them load', async () => {
    const schemas = {
      Pet: { type: ['object', 'null'], properties: { age: { type: 'integer', exclusiveMinimum: 0 } } },
    };
    const document = anOasApi({}, { openapi: '3.1.0', components: { schemas }, security: [], webhooks: {} });
    const { id, apiId } = await create(document);
    expect((await get(id)).json).toMatchObject({ openapi: '3.1.0', components: { schemas }, webhooks: {} });
    const node = await RawNode.register(api.url, api.config.nodeSecret);
    const items = (await node.get('/system/apis')).message as { oas?: JsonObject; api_definition: JsonObject }[];
    const served = items.find(({ api_definition: definition }) => definition['api_id'] === apiId)?.oas;
    const age = { type: 'integer', minimum: 0, exclusiveMinimum: true };
    expect(served).toMatchObject({
      openapi: '3.0.3',
      components: { schemas: { Pet: { type: 'object', nullable: true, properties: { age } } } },
    });
    expect(served).not.toHaveProperty('webhooks');
  });

  describe('400', () => {
    const plain = anOpenApiDocument();

    it.each<[string, unknown, string, readonly string[]]>([
      ['no body', '', "Couldn't read body.", ['body']],
      ['a list', [], "Couldn't read body.", ['body']],
      [
        'a document without the extension',
        plain,
        'The payload should contain x-tyk-api-gateway.',
        ['x-tyk-api-gateway'],
      ],
      ['no version of OpenAPI', anOasApi({}, { openapi: '2.0' }), 'openapi: must be', ['openapi']],
      ['no paths', anOasApi({}, { paths: undefined }), 'paths: is required', ['paths']],
      [
        'an extension without what an API needs',
        { ...plain, 'x-tyk-api-gateway': { info: { name: 'x', state: { active: 'yes' } }, server: {}, upstream: {} } },
        'x-tyk-api-gateway.',
        [
          'x-tyk-api-gateway.info.state.active',
          'x-tyk-api-gateway.server.listenPath',
          'x-tyk-api-gateway.upstream.url',
        ],
      ],
      [
        'a listen path of the gateway’s own',
        anOasApi({ server: { listenPath: { value: '/tyk/apis' } } }),
        'x-tyk-api-gateway.server.listenPath.value: belongs',
        ['x-tyk-api-gateway.server.listenPath.value'],
      ],
      [
        'an id that no path can hold',
        anOasApi({ info: { id: 'a/b' } }),
        'x-tyk-api-gateway.info.id: must be usable',
        ['x-tyk-api-gateway.info.id'],
      ],
    ])('refuses %s, and names the fields of the document', async (_what, body, message, paths) => {
      const { id } = await create();
      const replies = [
        await organisation.admin.client.post('/api/apis/oas', body),
        await put(id, body),
        await organisation.admin.client.post('/api/apis/oas/validate', body),
      ];
      for (const reply of replies) {
        expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
        expect(textOf(reply.json['Message'])).toMatch(new RegExp(`^${message.replace('.', '\\.')}`));
        expect(
          listOf(reply.json['Errors'])
            .map(({ path }) => textOf(path))
            .sort(),
        ).toEqual(paths);
      }
      expect(withVersion(await organisation.admin.client.get(`/api/apis/${id}`))['version']).toBe(1);
    });

    it('refuses YAML that cannot be read', async () => {
      const headers = { 'content-type': 'application/x-yaml' };
      const reply = await organisation.admin.client.post('/api/apis/oas', 'a: [b', { headers });
      expect([reply.status, reply.json['Message']]).toEqual([400, "Couldn't read body."]);
    });

    it('keeps the two kinds apart', async () => {
      const { id } = await create();
      const made = await organisation.admin.client.post('/api/apis', { api_definition: anApiDefinition() });
      const classic = textOf(expectOk(made).json['Meta']);
      const wrapper = (await organisation.admin.client.get(`/api/apis/${id}`)).json;
      const refused = [
        await organisation.admin.client.put(`/api/apis/${id}`, { api_definition: anApiDefinition() }),
        await organisation.admin.client.put(`/api/apis/${id}`, wrapper),
        await organisation.admin.client.post('/api/apis', wrapper),
        await organisation.admin.client.post('/api/apis/validate', wrapper),
        await put(classic, anOasApi()),
        await patch(classic, anOpenApiDocument()),
        await organisation.admin.client.delete(`/api/apis/oas/${classic}`),
        await get(classic),
        await get(`${classic}/export`),
      ];
      expect(refused.map(({ status }) => status)).toEqual(refused.map(() => 400));
      expect(textOf(refused[0]?.json['Message'])).toMatch(/only supports Tyk Classic APIs/);
      expect(textOf(refused[4]?.json['Message'])).toMatch(/use the Tyk classic format for this API/);
      expect(withVersion(await organisation.admin.client.get(`/api/apis/${id}`))['version']).toBe(1);
      expect(withVersion(await organisation.admin.client.get(`/api/apis/${classic}`))['version']).toBe(1);
    });
  });

  it('401: wants an access key', async () => {
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      expect((await api.anonymous.call(method, '/api/apis/oas/x')).status).toBe(401);
    }
    expect((await api.anonymous.post('/api/apis/oas', anOasApi())).status).toBe(401);
  });

  it('403: lets a reader read and nothing else', async () => {
    const { id } = await create();
    const { client } = await api.user(organisation.id, { apis: 'read' });
    expect((await client.get(`/api/apis/oas/${id}`)).status).toBe(200);
    const refused = [
      await client.post('/api/apis/oas', anOasApi()),
      await client.put(`/api/apis/oas/${id}`, anOasApi()),
      await client.patch(`/api/apis/oas/${id}`, anOpenApiDocument()),
      await client.delete(`/api/apis/oas/${id}`),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    const { client: stranger } = await api.user(organisation.id, { policies: 'write' });
    expect((await stranger.get(`/api/apis/oas/${id}`)).status).toBe(403);
  });

  it('says of what is missing, or another organisation’s, what clients of each route know', async () => {
    const { id } = await create();
    const { client } = (await api.organisation()).admin;
    for (const path of [`/api/apis/oas/${id}`, '/api/apis/oas/nothing']) {
      const replies = [
        await client.get(path),
        await client.put(path, anOasApi()),
        await client.patch(path, anOpenApiDocument()),
        await client.delete(path),
        await client.get(`${path}/export`),
        await client.get(`${path}/versions`),
      ];
      expect(replies.map(({ status, json }) => [status, json['Message'], json['Code']])).toEqual([
        [400, 'Could not retrieve Api detail', 'not_found'],
        [404, 'API definition does not exist', 'not_found'],
        [404, 'API not found.', 'not_found'],
        [404, 'Could not retrieve API detail.', 'not_found'],
        [400, 'Could not retrieve API detail.', 'not_found'],
        [404, 'Could not retrieve API detail.', 'not_found'],
      ]);
    }
  });

  it('409: shares ids and listen paths with no other API, of either kind', async () => {
    const name = unique('taken');
    const definition = anApiDefinition({ api_id: name, proxy: { listen_path: `/${name}-path/` } });
    const classic = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: definition }));
    const sameId = await organisation.admin.client.post('/api/apis/oas', anOasApi({ info: { id: name } }));
    expect([sameId.status, sameId.json['Message']]).toEqual([409, 'Found API with the same ID']);
    const samePath = anOasApi({ server: { listenPath: { value: `/${name}-path` } } });
    const reply = await organisation.admin.client.post('/api/apis/oas', samePath);
    expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
    expect(reply.json['Meta']).toMatchObject({ id: classic.json['Meta'] });
  });

  it('412 and 428: loses no update', async () => {
    const { id } = await create();
    const stale = { 'if-match': '"7"' };
    const refused = [
      await put(id, anOasApi(), stale),
      await patch(id, anOpenApiDocument(), stale),
      await organisation.admin.client.delete(`/api/apis/oas/${id}`, { headers: stale }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([412, 412, 412]);
    expect((await put(id, anOasApi(), { 'if-match': 'W/"1"' })).status).toBe(200);

    const { client } = (await api.organisation({ require_if_match: true })).admin;
    const made = textOf(expectOk(await client.post('/api/apis/oas', anOasApi())).json['Meta']);
    expect((await client.put(`/api/apis/oas/${made}`, anOasApi())).status).toBe(428);
    expect((await client.patch(`/api/apis/oas/${made}`, anOpenApiDocument())).status).toBe(428);
    expect((await client.delete(`/api/apis/oas/${made}`)).status).toBe(428);
  });

  it('counts concurrent writers: each success is a version', async () => {
    const { id } = await create();
    const document = JSON.parse((await get(id)).text) as Record<string, unknown>;
    const write = async (writer: number): Promise<void> => {
      for (;;) {
        const etag = (await get(id)).headers.get('etag') ?? '';
        const reply = await put(id, { ...document, 'x-writer': writer }, { 'if-match': etag });
        if (reply.status === 200) return;
        if (reply.status !== 412) throw new Error(reply.text);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
    expect((await get(id)).headers.get('etag')).toBe('"9"');
  });
});
