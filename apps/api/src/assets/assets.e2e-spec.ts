import { listOf, textOf, unique, type HttpClient, type JsonReply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const anAsset = (overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  id: unique('template'),
  kind: 'oas-template',
  name: 'Sizes',
  description: 'Limits the size of requests',
  data: { 'x-tyk-api-gateway': { middleware: { global: { cache: { enabled: true } } } } },
  ...overrides,
});

describe('/api/assets', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let client: HttpClient;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    organisation = await api.organisation();
    client = organisation.admin.client;
  });

  const create = async (asset = anAsset()): Promise<{ id: string; rowId: string }> => {
    const reply = await client.post('/api/assets', asset);
    expect(reply.status).toBe(201);
    return { id: textOf(reply.json['ID']), rowId: textOf(reply.json['Meta']) };
  };

  it('are created, listed, read, replaced and deleted, in the replies that clients know', async () => {
    const asset = anAsset();
    const created = await client.post('/api/assets', asset);
    expect([created.status, created.headers.get('etag')]).toEqual([201, '"1"']);
    expect(created.json).toEqual({
      Status: 'success',
      Message: 'asset created',
      Meta: expect.stringMatching(/^[0-9a-f]{24}$/) as unknown,
      ID: asset['id'],
    });
    const [id, rowId] = [textOf(created.json['ID']), textOf(created.json['Meta'])];
    const { json } = expectOk(await client.get(`/api/assets/${id}`));
    expect(json).toEqual({
      ...asset,
      _id: rowId,
      org_id: organisation.id,
      last_updated: expect.stringMatching(/^\d{4}-/) as unknown,
    });
    expect(expectOk(await client.get(`/api/assets/${rowId}`)).json).toEqual(json);
    expect(expectOk(await client.get('/api/assets')).json).toEqual([json]);
    expect(expectOk(await client.get('/api/assets?kind=oas-template')).json).toEqual([json]);

    const renamed = { ...asset, name: 'Renamed' };
    const stale = await client.put(`/api/assets/${id}`, renamed, { headers: { 'if-match': '"9"' } });
    expect(stale.status).toBe(412);
    const updated = expectOk(await client.put(`/api/assets/${id}`, renamed));
    expect(updated.json).toMatchObject({ Status: 'success', Message: 'asset updated', ID: id });
    const unchanged = await client.get(`/api/assets/${id}`, { headers: { 'if-none-match': '"2"' } });
    expect(unchanged.status).toBe(304);
    expect((await client.delete(`/api/assets/${id}`, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect(expectOk(await client.delete(`/api/assets/${id}`)).json).toMatchObject({
      Status: 'success',
      Message: 'Asset removed successfully',
    });
    expect((await client.get(`/api/assets/${id}`)).status).toBe(404);
    expect((await client.put(`/api/assets/${id}`, renamed)).status).toBe(404);
    expect((await client.delete(`/api/assets/${id}`)).status).toBe(404);
  });

  it('get an id when none is sent', async () => {
    const { id } = await create(anAsset({ id: '' }));
    expect(expectOk(await client.get(`/api/assets/${id}`)).json['id']).toBe(id);
  });

  it.each([
    ['a kind that there is not', { kind: 'oas-templat' }, 422, 'kind'],
    ['no kind', { kind: '' }, 422, 'kind'],
    ['no name', { name: '' }, 400, 'name'],
    ['a name that is no text', { name: 7 }, 400, 'name'],
    ['data that are no object', { data: [] }, 400, 'data'],
    ['data without end', { data: { x: 'y'.repeat(1024 * 1024) } }, 400, 'data'],
    ['an id that paths cannot carry', { id: 'a/b' }, 400, 'id'],
    ['an id that is a route', { id: 'deleted' }, 400, 'id'],
    ['a description without end', { description: 'x'.repeat(1_001) }, 400, 'description'],
  ])('refuse %s', async (_what, overrides, status, path) => {
    const reply = await client.post('/api/assets', anAsset(overrides));
    expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([status, path]);
    expect(expectOk(await client.get('/api/assets')).json).toEqual([]);
  });

  it('are tried out, and nothing is written', async () => {
    const asset = anAsset();
    const valid = expectOk(await client.post('/api/assets/validate', asset)).json;
    expect(valid).toMatchObject({
      Message: 'Asset is valid',
      Meta: { changes: [{ kind: 'asset', operation: 'create' }] },
    });
    expect((await client.post('/api/assets/validate', anAsset({ name: '' }))).status).toBe(400);
    expect((await client.get(`/api/assets/${textOf(asset['id'])}`)).status).toBe(404);
  });

  it('refuse an id that is taken, and let other organisations have it', async () => {
    const { id } = await create();
    const again = await client.post('/api/assets', anAsset({ id }));
    expect([again.status, again.json['Message']]).toEqual([409, `Asset ID already exists: '${id}'.`]);
    const other = await api.organisation();
    expect((await other.admin.client.get(`/api/assets/${id}`)).status).toBe(404);
    expect((await other.admin.client.post('/api/assets', anAsset({ id }))).status).toBe(201);
  });

  it('refuse a kind that there is not in a list', async () => {
    const reply = await client.get('/api/assets?kind=oas-temp');
    expect([reply.status, reply.json['Message']]).toEqual([400, "unsupported asset kind: 'oas-temp'."]);
  });

  it('are opened by api_assets alone', async () => {
    const { id } = await create();
    const reader = await api.user(organisation.id, { api_assets: 'read' });
    expectOk(await reader.client.get(`/api/assets/${id}`));
    expect((await reader.client.post('/api/assets', anAsset())).status).toBe(403);
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await stranger.client.get('/api/assets')).status).toBe(403);
    expect((await api.anonymous.get('/api/assets')).status).toBe(401);
  });

  it('have a limit', async () => {
    for (let first = 0; first < 100; first += 20) {
      await Promise.all(Array.from({ length: 20 }, () => create()));
    }
    const reply = await client.post('/api/assets', anAsset());
    expect([reply.status, reply.json['Code']]).toEqual([400, 'limit_reached']);
  });

  it('have a history, an audit trail and a place in documents', async () => {
    const { id, rowId } = await create();
    expectOk(await client.put(`/api/assets/${id}`, anAsset({ id, name: 'Second' })));
    expectOk(await client.post(`/api/assets/${id}/rollback`, { revision: 1 }));
    expect(expectOk(await client.get(`/api/assets/${id}`)).json['name']).toBe('Sizes');
    const audit = listOf(expectOk(await client.get(`/api/audit-logs?resource=${rowId}`)).json['audit_logs']);
    expect(audit.map(({ action }) => action)).toContain('Create Asset');
    const document = expectOk(await client.get('/api/export')).json;
    expect(listOf(document['assets'])).toMatchObject([{ _id: rowId, id, name: 'Sizes' }]);

    expectOk(await client.delete(`/api/assets/${id}`));
    expectOk(await client.post(`/api/assets/${id}/restore`));
    expectOk(await client.delete(`/api/assets/${id}`));
    const other = (await api.organisation()).admin.client;
    const counts = async (path: string, body: unknown): Promise<JsonReply | undefined> =>
      expectOk(await other.post(path, body)).json['Meta']?.['counts'];
    expect(await counts('/api/import', document)).toMatchObject({ create: 1 });
    expect(await counts('/api/import', document)).toMatchObject({ create: 0, unchanged: 1 });
    expect(await counts('/api/import?prune=true', { assets: [] })).toMatchObject({ delete: 1 });
  });
});
