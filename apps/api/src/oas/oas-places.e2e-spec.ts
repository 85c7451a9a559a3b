import { textOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi } from '../../test/oas-documents';

describe('the other places where OAS APIs are written', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

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
