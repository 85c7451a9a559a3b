import { anApiDefinition, listOf, textOf, unique, type JsonReply, type Reply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

describe('POST /api/apis/validate', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const post = (path: string, body: unknown): Promise<Reply> => organisation.admin.client.post(path, body);
  const create = async (definition: object = {}): Promise<{ id: string; apiId: string }> => {
    const { json } = expectOk(await post('/api/apis', { api_definition: anApiDefinition({ ...definition }) }));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const without = ({ json }: Reply): JsonReply => ({ ...json, RequestID: {} });

  it('says what a creation would make, and makes nothing', async () => {
    const apiId = unique('id');
    const body = { api_definition: anApiDefinition({ api_id: apiId }) };
    const reply = expectOk(await post('/api/apis/validate', body));
    expect(reply.text).toMatch(/^{"Status":"OK","Message":"API is valid","Meta":{"changes":\[/);
    expect(reply.json['Meta']).toMatchObject({ changes: [{ kind: 'api', operation: 'create', version: 1 }] });
    expect((await organisation.admin.client.get(`/api/apis/${apiId}`)).status).toBe(404);
    expectOk(await post('/api/apis', body));
  });

  it('says what an update would change, and that the same changes nothing', async () => {
    const definition = anApiDefinition();
    const { id, apiId } = await create(definition);
    const same = { api_definition: { ...definition, api_id: apiId } };
    expect(expectOk(await post(`/api/apis/validate?id=${apiId}`, same)).json['Meta']).toEqual({ changes: [] });
    const changed = { api_definition: { ...definition, api_id: apiId, name: 'Another name' } };
    const { json } = expectOk(await post(`/api/apis/validate?id=${id}`, changed));
    const [change] = listOf(json['Meta']?.['changes']);
    expect(change).toMatchObject({ id, operation: 'update', version: 2 });
    expect(listOf(change?.['diff'])).toEqual([
      expect.objectContaining({ op: 'replace', path: '/api_definition/name', value: 'Another name' }),
    ]);
    expect(withVersion(await organisation.admin.client.get(`/api/apis/${id}`))['version']).toBe(1);
  });

  const wrong: readonly (readonly [string, unknown])[] = [
    ['no definition', {}],
    ['a list', []],
    ['a field of a wrong type', { api_definition: { ...anApiDefinition(), active: 'yes' } }],
    ['a definition that makes no sense', { api_definition: anApiDefinition({ proxy: { target_url: 'nowhere' } }) }],
    ['a listen path of the gateway’s own', { api_definition: anApiDefinition({ proxy: { listen_path: '/tyk/x' } }) }],
    ['an OAS API without its document', { api_definition: anApiDefinition({ is_oas: true }) }],
  ];

  it.each(wrong)('refuses %s exactly as a write does', async (_, body) => {
    const written = await post('/api/apis', body);
    expect(written.status).toBe(400);
    const validated = await post('/api/apis/validate', body);
    expect([validated.status, without(validated)]).toEqual([written.status, without(written)]);
    expect(listOf(validated.json['Errors']).length).toBeGreaterThan(0);
  });

  it('refuses a conflict exactly as a write does', async () => {
    const path = `/${unique('path')}/`;
    await create({ proxy: { listen_path: path } });
    const body = { api_definition: anApiDefinition({ proxy: { listen_path: path } }) };
    const [written, validated] = [await post('/api/apis', body), await post('/api/apis/validate', body)];
    expect([validated.status, without(validated)]).toEqual([409, without(written)]);
  });

  it('401, 403 and 404', async () => {
    const body = { api_definition: anApiDefinition() };
    expect((await api.anonymous.post('/api/apis/validate', body)).status).toBe(401);
    const stranger = await api.user(organisation.id, { policies: 'write' });
    expect((await stranger.client.post('/api/apis/validate', body)).status).toBe(403);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.post('/api/apis/validate', body)).status).toBe(200);
    const { id } = await create();
    const other = await api.organisation();
    expect((await other.admin.client.post(`/api/apis/validate?id=${id}`, body)).status).toBe(404);
  });
});
