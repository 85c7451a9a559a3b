import { listOf, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi, anOpenApiDocument } from '../../test/oas-documents';

let api: ApiUnderTest;

beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

describe('MCP proxies', () => {
  let organisation: TestOrganisation;

  beforeEach(async () => {
    organisation = await api.organisation();
  });

  const add = async (path: string, document = anOasApi()): Promise<string> =>
    textOf(expectOk(await organisation.admin.client.post(path, document)).json['ID']);
  const definitionOf = async (id: string) =>
    expectOk(await organisation.admin.client.get(`/api/apis/${id}`)).json['api_definition'];

  it('are marked for gateways, and stay so whatever is written', async () => {
    const { client } = organisation.admin;
    const id = await add('/api/mcps');
    const mark = { json_rpc_version: '2.0', application_protocol: 'mcp', is_oas: true };
    expect(await definitionOf(id)).toMatchObject(mark);
    const { json } = expectOk(await client.get(`/api/mcps/${id}`));
    expectOk(await client.put(`/api/mcps/${id}`, json));
    expect(await definitionOf(id)).toMatchObject(mark);
    expectOk(await client.put(`/api/apis/oas/${id}`, { ...json, info: { ...json['info'], title: 'Other' } }));
    expect(await definitionOf(id)).toMatchObject(mark);
    expectOk(await client.patch(`/api/mcps/${id}`, anOpenApiDocument()));
    expect(await definitionOf(id)).toMatchObject(mark);
  });

  it('are a list of their own, as documents, by name and in order', async () => {
    const { client } = organisation.admin;
    await add('/api/apis/oas');
    const [a, b] = [unique('alpha'), unique('beta')];
    const first = await add('/api/mcps', anOasApi({ info: { name: a } }));
    const second = await add('/api/mcps', anOasApi({ info: { name: b } }));
    const ids = async (query = ''): Promise<unknown[]> =>
      listOf(expectOk(await client.get(`/api/mcps${query}`)).json['mcps']).map(
        (document) => document['x-tyk-api-gateway']?.['info']?.['id'],
      );
    expect(await ids()).toEqual([second, first]);
    expect(await ids('?sort=name')).toEqual([first, second]);
    expect(await ids(`?q=${b.toUpperCase()}`)).toEqual([second]);
    expect(expectOk(await client.get('/api/mcps?p=1')).json['pages']).toBe(1);
    const whole = expectOk(await client.get(`/api/mcps/${first}`)).json;
    expect(listOf(expectOk(await client.get('/api/mcps?sort=name')).json['mcps'])[0]).toEqual(whole);
    expect(listOf(expectOk(await client.get('/api/apis?api_type=mcp')).json['apis'])).toHaveLength(2);
    expect((await client.get('/api/mcps?sort=surely')).status).toBe(400);
    const other = await api.organisation();
    expect(expectOk(await other.admin.client.get('/api/mcps')).json).toEqual({ mcps: [], pages: 0 });
    const stranger = await api.user(organisation.id, { policies: 'write' });
    expect((await stranger.client.get('/api/mcps')).status).toBe(403);
  });

  it('are told apart from other OAS APIs', async () => {
    const { client } = organisation.admin;
    const id = await add('/api/apis/oas');
    const document = expectOk(await client.get(`/api/apis/oas/${id}`)).json;
    const refused = [
      await client.get(`/api/mcps/${id}`),
      await client.put(`/api/mcps/${id}`, document),
      await client.patch(`/api/mcps/${id}`, anOpenApiDocument()),
      await client.delete(`/api/mcps/${id}`),
    ];
    for (const { status, json } of refused) {
      expect([status, json['Message']]).toEqual([400, 'the requested API definition is not an MCP Proxy definition']);
    }
    expectOk(await client.get(`/api/apis/oas/${id}`));
    expect((await client.get('/api/mcps/nothing')).status).toBe(404);
  });

  it('have no settings that change the calls they are made of', async () => {
    const middleware = { operations: { listPets: { urlRewrite: { enabled: true, pattern: '.*', rewriteTo: '/x' } } } };
    const { client } = organisation.admin;
    const reply = await client.post('/api/mcps', anOasApi({ middleware }));
    expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([
      400,
      'x-tyk-api-gateway.middleware.operations.listPets.urlRewrite',
    ]);
    expect(expectOk(await client.get('/api/mcps')).json['mcps']).toEqual([]);
  });
});

describe('PATCH of Streams APIs and MCP proxies', () => {
  let organisation: TestOrganisation;

  beforeAll(async () => {
    organisation = await api.organisation();
  });

  it.each(['/api/apis/streams', '/api/mcps'])('%s replaces the OpenAPI part and nothing else', async (path) => {
    const { client } = organisation.admin;
    const id = textOf(expectOk(await client.post(path, anOasApi())).json['ID']);
    const before = expectOk(await client.get(`${path}/${id}`)).json;
    const next = anOpenApiDocument({ info: { title: 'Patched', version: '2.0.0' } });
    expect((await client.patch(`${path}/${id}`, next, { headers: { 'if-match': '"9"' } })).status).toBe(412);
    const patched = expectOk(await client.patch(`${path}/${id}`, next, { headers: { 'if-match': '"1"' } }));
    expect(patched.headers.get('etag')).toBe('"2"');
    const after = expectOk(await client.get(`${path}/${id}`)).json;
    expect(after['info']).toMatchObject({ title: 'Patched' });
    expect(after['x-tyk-api-gateway']?.['server']).toEqual(before['x-tyk-api-gateway']?.['server']);
    expect((await client.patch(`${path}/${id}`, { openapi: '3.0.3' })).status).toBe(400);
    expect((await client.patch(`${path}/nothing`, next)).status).toBe(404);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.patch(`${path}/${id}`, next)).status).toBe(403);
    expect((await api.anonymous.patch(`${path}/${id}`, next)).status).toBe(401);
  });
});

describe('the other places where OAS APIs are written', () => {
  let organisation: TestOrganisation;

  beforeAll(async () => {
    organisation = await api.organisation();
  });

  it.each([
    ['/api/apis/streams', 'application/vnd.tyk.streams.oas', 'API created', 'API updated.', 'API deleted.'],
    [
      '/api/mcps',
      'application/json',
      ...['MCP Proxy definition created', 'MCP Proxy definition updated', 'MCP Proxy definition deleted'],
    ],
  ])('%s takes, gives, replaces and deletes a document', async (path, type = '', ...said) => {
    const { client } = organisation.admin;
    const headers = { 'content-type': type };
    const created = expectOk(
      await client.post(path, anOasApi({}, { 'x-tyk-streaming': { streams: {} } }), { headers }),
    );
    const id = textOf(created.json['ID']);
    expect(created.json['Message']).toBe(said[0]);
    const { json } = expectOk(await client.get(`${path}/${id}`));
    expect(json).toMatchObject({ 'x-tyk-streaming': { streams: {} } });
    expect(expectOk(await client.get(`/api/apis/oas/${id}`)).json).toEqual(json);

    const renamed = { ...json, info: { ...json['info'], title: 'Renamed' } };
    const stale = await client.put(`${path}/${id}`, renamed, { headers: { ...headers, 'if-match': '"9"' } });
    expect(stale.status).toBe(412);
    expect(expectOk(await client.put(`${path}/${id}`, renamed, { headers })).json['Message']).toBe(said[1]);
    expect(expectOk(await client.get(`${path}/${id}`)).json['info']?.['title']).toBe('Renamed');
    expect(expectOk(await client.delete(`${path}/${id}`)).json['Message']).toBe(said[2]);
    expect((await client.get(`${path}/${id}`)).status).toBe(path === '/api/mcps' ? 404 : 400);
  });

  it.each(['/api/apis/streams', '/api/mcps'])('%s refuses what is no document', async (path) => {
    expect((await organisation.admin.client.post(path, { openapi: '3.0.3' })).status).toBe(400);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.post(path, anOasApi())).status).toBe(403);
    expect((await api.anonymous.post(path, anOasApi())).status).toBe(401);
  });

  it('has their schemas', async () => {
    const { client } = organisation.admin;
    const { json: oas } = expectOk(await client.get('/api/schemas/apidefs/oas'));
    expect(expectOk(await client.get('/api/schemas/apidefs/streams-oas')).json).toEqual(oas);
    expect(expectOk(await client.get('/api/schemas/apidefs/mcp')).json).toEqual(oas['schema']);
    expect((await client.get('/api/schemas/apidefs/mcp?mcpVersion=0')).status).toBe(400);
  });
});
