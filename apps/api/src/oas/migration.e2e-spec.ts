import { anApiDefinition, listOf, textOf, unique, type JsonReply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi } from '../../test/oas-documents';

interface Made {
  readonly id: string;
  readonly apiId: string;
  readonly definition: Record<string, unknown>;
}

describe('POST /api/apis/migrate', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    organisation = await api.organisation();
  });

  const create = async (overrides: object = {}, wrapper: object = {}): Promise<Made> => {
    const definition = anApiDefinition({ ...overrides });
    const body = { api_definition: definition, ...wrapper };
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', body));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']), definition };
  };
  const versioned = (): object => ({
    definition: { location: 'header', key: 'x-version' },
    version_data: {
      not_versioned: false,
      default_version: 'v1',
      versions: { v1: { name: 'v1', use_extended_paths: true }, v2: { name: 'v2', use_extended_paths: true } },
    },
  });
  const migrate = async (body: object): Promise<JsonReply> =>
    expectOk(await organisation.admin.client.post('/api/apis/migrate', body)).json;
  const wrapperOf = async (id: string): Promise<JsonReply> =>
    withVersion(expectOk(await organisation.admin.client.get(`/api/apis/${id}`)));
  const all = async (): Promise<readonly JsonReply[]> =>
    listOf((await organisation.admin.client.get('/api/apis?p=-1')).json['apis']);

  it('as a dry run shows what would become of an API, says what would be lost, and changes nothing', async () => {
    const { apiId, id } = await create({ ...versioned(), a_field_of_our_own: 1 });
    const reply = await migrate({ mode: 'dryRun', apiIDs: [apiId] });
    expect(reply).toMatchObject({
      success: { count: 1, apiIDs: [apiId], stagedAPIs: [] },
      failure: { count: 0, errors: [] },
      skipped: { count: 0, apis: [] },
      abortedOnFailure: false,
    });
    const [definition] = listOf(reply['success']?.['definitions']);
    const [version] = listOf(definition?.['versions']);
    expect(definition?.['apiID']).toBe(apiId);
    expect(definition?.['baseAPI']?.['x-tyk-api-gateway']?.['info']).toMatchObject({
      id: apiId,
      dbId: id,
      versioning: { versions: [{ name: 'v2', id: version?.['x-tyk-api-gateway']?.['info']?.['id'] }] },
    });
    const [report] = listOf(reply['success']?.['reports']);
    expect(report?.['apiID']).toBe(apiId);
    expect(listOf(report?.['report']).map(({ path }) => path)).toEqual(
      expect.arrayContaining(['a_field_of_our_own']) as unknown,
    );
    expect(await all()).toHaveLength(1);
    expect(await wrapperOf(id)).toMatchObject({ version: 1 });
  });

  it('directly puts the OAS API in the place of the classic one, and history can undo it', async () => {
    const { apiId, id } = await create({ name: 'Orders #eu' }, { user_owners: [organisation.admin.id] });
    const before = await wrapperOf(id);
    expect(await migrate({ mode: 'direct', apiIDs: [id] })).toMatchObject({ success: { count: 1, apiIDs: [id] } });
    const after = await wrapperOf(apiId);
    expect(after).toMatchObject({
      version: 2,
      categories: ['eu'],
      user_owners: [organisation.admin.id],
      api_definition: { id, api_id: apiId, is_oas: true, name: 'Orders' },
      oas: { 'x-tyk-api-gateway': { info: { id: apiId, dbId: id, name: 'Orders' } } },
    });
    expect(after['api_definition']?.['proxy']).toMatchObject({ ...before['api_definition']?.['proxy'] });
    expectOk(await organisation.admin.client.post(`/api/apis/${id}/rollback`, { revision: 1 }));
    const undone = await wrapperOf(id);
    expect({ ...undone, version: 0, updated_at: '' }).toEqual({ ...before, version: 0, updated_at: '' });
  });

  it('directly makes an API of each further version', async () => {
    const { apiId } = await create(versioned());
    await migrate({ mode: 'direct', apiIDs: [apiId] });
    const reply = await organisation.admin.client.get(`/api/apis/oas/${apiId}/versions`);
    const names = listOf(reply.json['apis']).map((each) => [each['versionName'], each['internal']]);
    expect(names).toEqual([
      ['v1', false],
      ['v2', true],
    ]);
  });

  it('stages a copy beside the original, once, and promotes it', async () => {
    const { apiId, id, definition } = await create(versioned());
    const name = textOf(definition['name']);
    const staged = await migrate({ mode: 'stage', apiIDs: [apiId] });
    const oasAPIID = `staging-${apiId}`;
    expect(staged['success']?.['stagedAPIs']).toEqual([{ classicAPIID: apiId, oasAPIID }]);
    expect(await wrapperOf(oasAPIID)).toMatchObject({
      api_definition: { name: `[staged] ${name}`, proxy: { listen_path: `/tyk-staging/${name}/` } },
    });
    expect(await wrapperOf(id)).toMatchObject({ version: 1 });
    expect(await all()).toHaveLength(3);

    const again = await migrate({ mode: 'stage', apiIDs: [apiId] });
    expect(again['skipped']).toMatchObject({ count: 1, apis: [{ apiID: apiId, key: 'already_staged' }] });
    await migrate({ mode: 'stage', apiIDs: [apiId], overrideStaged: true });
    expect(await all()).toHaveLength(3);

    expect(await migrate({ mode: 'promote', apiIDs: [apiId] })).toMatchObject({ success: { count: 1 } });
    expect((await organisation.admin.client.get(`/api/apis/${oasAPIID}`)).status).toBe(404);
    expect(await wrapperOf(id)).toMatchObject({
      api_definition: { api_id: apiId, name, is_oas: true, proxy: { listen_path: `/${name}/` } },
    });
    const versions = await organisation.admin.client.get(`/api/apis/oas/${apiId}/versions`);
    expect(listOf(versions.json['apis']).map((each) => textOf(each['name']))).toEqual([name, `${name}-v2`]);
    expect(JSON.stringify(await all())).not.toMatch(/staging|\[staged\]/);
  });

  it('passes over what it cannot or need not migrate, and says why', async () => {
    const oas = expectOk(await organisation.admin.client.post('/api/apis/oas', anOasApi())).json;
    const tcp = await create({ protocol: 'tcp', listen_port: 9001, proxy: { target_url: 'tcp://127.0.0.1:1' } });
    const graphql = await create({ graphql: { enabled: true, schema: 'type Query { a: String }' } });
    const socket = await create({ proxy: { target_url: 'ws://127.0.0.1:1/' } });
    const streams = await create({}, { is_streams: true });
    const plain = await create();
    const apiIDs = [textOf(oas['ID']), ...[tcp, graphql, socket, streams].map(({ apiId }) => apiId)];
    const { skipped, success } = await migrate({ mode: 'direct', apiIDs });
    expect(listOf(skipped?.['apis']).map(({ key }) => key)).toEqual([
      'already_migrated',
      'is_tcp',
      'is_graphql',
      'is_websocket',
      'is_streams',
    ]);
    expect(success?.['count']).toBe(0);
    const promoted = await migrate({ mode: 'promote', apiIDs: [plain.apiId] });
    expect(listOf(promoted['skipped']?.['apis']).map(({ key }) => key)).toEqual(['not_staged']);
  });

  it('migrates every classic API when all is asked for', async () => {
    const made = [await create(), await create()];
    await organisation.admin.client.post('/api/apis/oas', anOasApi());
    const { success } = await migrate({ mode: 'direct', all: true });
    expect(
      listOf(success?.['apiIDs'] ?? [])
        .map(String)
        .sort(),
    ).toEqual(made.map(({ apiId }) => apiId).sort());
    expect((await all()).every((wrapper) => wrapper['oas'] !== undefined)).toBe(true);
  });

  it('goes on after a failure, or stops when asked', async () => {
    const { apiId } = await create();
    const apiIDs = ['nothing', apiId];
    const stopped = await migrate({ mode: 'direct', apiIDs, abortOnFailure: true });
    expect(stopped).toMatchObject({
      success: { count: 0 },
      failure: { count: 1, errors: [{ apiID: 'nothing', message: ['API not found'] }] },
      abortedOnFailure: true,
    });
    expect(await wrapperOf(apiId)).toMatchObject({ version: 1 });
    expect(await migrate({ mode: 'direct', apiIDs })).toMatchObject({
      success: { count: 1 },
      failure: { count: 1 },
      abortedOnFailure: false,
    });
  });

  it('fails for an API whose staged copy would be in the way of another, and leaves nothing of it', async () => {
    const path = unique('path');
    const { apiId } = await create({ proxy: { listen_path: `/${path}/` } });
    await create({ proxy: { listen_path: `/tyk-staging/${path}/` } });
    const { failure } = await migrate({ mode: 'stage', apiIDs: [apiId] });
    expect(failure).toMatchObject({ count: 1, errors: [{ apiID: apiId }] });
    expect(await all()).toHaveLength(2);
  });

  it.each<[object, string]>([
    [{}, 'mode'],
    [{ mode: 'backwards', apiIDs: ['x'] }, 'mode'],
    [{ mode: 'direct' }, 'apiIDs'],
    [{ mode: 'direct', apiIDs: [] }, 'apiIDs'],
    [{ mode: 'direct', apiIDs: ['x'], all: true }, 'apiIDs'],
    [{ mode: 'direct', apiIDs: 'x' }, 'apiIDs'],
    [{ mode: 'direct', all: 'yes' }, 'all'],
  ])('400: refuses %j', async (body, path) => {
    const reply = await organisation.admin.client.post('/api/apis/migrate', body);
    expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
  });

  it('401, 403, and nothing of other organisations', async () => {
    const { apiId } = await create();
    const body = { mode: 'direct', apiIDs: [apiId] };
    expect((await api.anonymous.post('/api/apis/migrate', body)).status).toBe(401);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.post('/api/apis/migrate', body)).status).toBe(403);
    const stranger = await api.organisation();
    const reply = expectOk(await stranger.admin.client.post('/api/apis/migrate', body));
    expect(reply.json).toMatchObject({ failure: { errors: [{ message: ['API not found'] }] } });
    expect(await wrapperOf(apiId)).toMatchObject({ version: 1 });
  });
});
