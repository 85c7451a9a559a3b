import {
  anApiDefinition,
  listOf,
  textOf,
  unique,
  type JsonReply,
  type Reply,
  withVersion,
  eventually,
} from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Redis } from 'ioredis';
import { Generations, toOrganisationId } from '@castellan/persistence';
import { NOTIFICATION_CHANNEL } from '@castellan/tyk';
import { addApi } from '../../test/configuration';

let api: ApiUnderTest;

beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

describe('what stands around an API definition', () => {
  let organisation: TestOrganisation;

  beforeAll(async () => {
    organisation = await api.organisation();
  });

  const create = async (definition: object = {}): Promise<{ id: string; apiId: string }> => {
    const body = { api_definition: anApiDefinition({ ...definition }) };
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', body));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const get = (path: string) => organisation.admin.client.get(path);
  const put = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    organisation.admin.client.put(path, body, { headers });

  describe('categories', () => {
    it('of a classic API are in its name', async () => {
      const { id, apiId } = await create({ name: 'Orders #eu' });
      expect((await get(`/api/apis/${apiId}/categories`)).text).toBe('{"categories":["eu"]}');
      const reply = expectOk(await put(`/api/apis/${id}/categories`, { categories: ['us', 'public', 'us'] }));
      expect(reply.json).toMatchObject({ Status: 'OK', Message: 'API categories updated.', Meta: null });
      expect(reply.headers.get('etag')).toBe('"2"');
      expect((await get(`/api/apis/${id}/categories`)).json).toEqual({ categories: ['us', 'public'] });
      expect((await get(`/api/apis/${id}`)).json['api_definition']?.['name']).toBe('Orders #us #public');
    });

    it('take null for none, as Go programs write it', async () => {
      const { id } = await create({ name: 'Orders #eu' });
      for (const body of [{ categories: null }, {}]) expectOk(await put(`/api/apis/${id}/categories`, body));
      expect((await get(`/api/apis/${id}`)).json['api_definition']?.['name']).toBe('Orders');
    });

    it('that stay the same write nothing', async () => {
      const { id } = await create({ name: 'Orders #eu' });
      const reply = expectOk(await put(`/api/apis/${id}/categories`, { categories: ['eu'] }));
      expect(reply.headers.get('etag')).toBe('"1"');
    });

    it.each([
      [{ categories: 'eu' }, 'categories'],
      [{ categories: ['eu', 7] }, 'categories'],
      [{ categories: [''] }, 'categories'],
      [{ categories: ['eu', 'two words'] }, 'categories[1]'],
    ])('400: refuses %j', async (body, path) => {
      const { id } = await create();
      const reply = await put(`/api/apis/${id}/categories`, body);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
      expect(listOf(reply.json['Errors'])[0]?.['path']).toBe(path);
    });

    it('412: refuses a write against another version', async () => {
      const { id } = await create();
      const reply = await put(`/api/apis/${id}/categories`, { categories: ['a'] }, { 'if-match': '"7"' });
      expect([reply.status, reply.json['Code']]).toEqual([412, 'version_mismatch']);
    });
  });

  const makeGroup = async (): Promise<string> => {
    const body = { name: unique('group'), user_permissions: { apis: 'read' } };
    return textOf(expectOk(await organisation.admin.client.post('/api/usergroups', body)).json['Meta']);
  };

  describe('owners', () => {
    it('are users and groups, and stand in the wrapper', async () => {
      const { id, apiId } = await create();
      expect((await get(`/api/apis/${id}/access`)).json).toEqual({ userIds: [], userGroupIds: [] });
      const group = await makeGroup();
      const body = { userIds: [organisation.admin.id], userGroupIds: [group] };
      const reply = expectOk(await put(`/api/apis/${apiId}/access`, body));
      expect(reply.json).toMatchObject({ Status: 'OK', Message: 'API access updated', Meta: null });
      expect((await get(`/api/apis/${id}/access`)).json).toEqual(body);
      const { json } = await get(`/api/apis/${id}`);
      expect(json).toMatchObject({ user_owners: [organisation.admin.id], user_group_owners: [group] });
    });

    it('replace those before; null is none', async () => {
      const { id } = await create();
      expectOk(await put(`/api/apis/${id}/access`, { userIds: [organisation.admin.id], userGroupIds: [] }));
      expectOk(await put(`/api/apis/${id}/access`, { userIds: null }));
      expect((await get(`/api/apis/${id}/access`)).json).toEqual({ userIds: [], userGroupIds: [] });
    });

    it('are no content: they stay when the content is rolled back', async () => {
      const { id, apiId } = await create({ name: 'first' });
      const owners = { userIds: [organisation.admin.id], userGroupIds: [await makeGroup()] };
      expectOk(await put(`/api/apis/${id}/access`, owners));
      expectOk(await put(`/api/apis/${id}`, { api_definition: anApiDefinition({ api_id: apiId, name: 'second' }) }));
      expectOk(await organisation.admin.client.post(`/api/apis/${id}/rollback`, { revision: 1 }));
      const { json } = await get(`/api/apis/${id}`);
      expect(json['api_definition']?.['name']).toBe('first');
      expect((await get(`/api/apis/${id}/access`)).json).toEqual(owners);
    });

    it('have a history of their own: who changed them when, from what and to what', async () => {
      const { id, apiId } = await create();
      const [one, two] = [await makeGroup(), await makeGroup()];
      const reason = { 'x-change-reason': 'team change' };
      expectOk(await put(`/api/apis/${id}/access`, { userGroupIds: [one] }, reason));
      expectOk(await put(`/api/apis/${id}`, { api_definition: anApiDefinition({ api_id: apiId }) }));
      const wrapper = { api_definition: anApiDefinition({ api_id: apiId }), user_group_owners: [one, two] };
      expectOk(await put(`/api/apis/${id}`, wrapper));
      expectOk(await organisation.admin.client.post(`/api/apis/${id}/rollback`, { revision: 1 }));
      expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
      const { json } = expectOk(await get(`/api/apis/${apiId}/access/revisions`));
      const groups = (...userGroupIds: readonly string[]) => ({ userIds: [], userGroupIds });
      expect(json['pages']).toBe(1);
      expect(json['revisions']).toMatchObject([
        { revision: 6, operation: 'delete', before: groups(one, two), after: groups() },
        { revision: 4, operation: 'update', before: groups(one), after: groups(one, two) },
        { revision: 2, operation: 'update', reason: 'team change', before: groups(), after: groups(one) },
      ]);
      const [newest] = listOf(json['revisions']);
      expect(newest?.['actor']?.['id']).toBe(organisation.admin.id);
      expect(textOf(newest?.['at'])).toMatch(/^\d{4}-\d\d-\d\dT/);
    });

    it('come back with a deleted API, which their history shows', async () => {
      const { id } = await create();
      const owners = { userIds: [organisation.admin.id], userGroupIds: [] };
      expectOk(await put(`/api/apis/${id}/access`, owners));
      expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
      expectOk(await organisation.admin.client.post(`/api/apis/${id}/restore`));
      expect((await get(`/api/apis/${id}/access`)).json).toEqual(owners);
      const revisions = listOf(expectOk(await get(`/api/apis/${id}/access/revisions?p=-1`)).json['revisions']);
      expect(revisions.map(({ operation }) => operation)).toEqual(['restore', 'delete', 'update']);
    });

    it('have no history while nobody changed them; 401, 403 and 404 as the API itself', async () => {
      const { id } = await create();
      const path = `/api/apis/${id}/access/revisions`;
      expect(expectOk(await get(path)).json).toEqual({ revisions: [], pages: 0 });
      expect((await api.anonymous.get(path)).status).toBe(401);
      expect((await (await api.user(organisation.id, { policies: 'read' })).client.get(path)).status).toBe(403);
      expect((await (await api.organisation()).admin.client.get(path)).status).toBe(404);
      expect((await get('/api/apis/nothing/access/revisions')).status).toBe(404);
      expect((await get(`${path}?p=x`)).status).toBe(400);
    });

    it('400: refuses users whom the organisation does not have, and what is no id', async () => {
      const { id } = await create();
      const stranger = await api.organisation();
      const unknown = { userIds: [organisation.admin.id, stranger.admin.id], userGroupIds: [] };
      const reply = await put(`/api/apis/${id}/access`, unknown);
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'userIds[1]']);
      expect((await put(`/api/apis/${id}/access`, { userIds: ['ada'] })).status).toBe(400);
      expect((await get(`/api/apis/${id}/access`)).json).toEqual({ userIds: [], userGroupIds: [] });
    });

    it('412: refuses a write against another version', async () => {
      const { id } = await create();
      expect((await put(`/api/apis/${id}/access`, { userIds: [] }, { 'if-match': '"7"' })).status).toBe(412);
    });
  });

  describe.each(['categories', 'access'])('%s', (part) => {
    it('401: want an access key', async () => {
      expect((await api.anonymous.get(`/api/apis/x/${part}`)).status).toBe(401);
      expect((await api.anonymous.put(`/api/apis/x/${part}`, {})).status).toBe(401);
    });

    it('403: can be read by a reader, and not written', async () => {
      const { id } = await create();
      const reader = await api.user(organisation.id, { apis: 'read' });
      expect((await reader.client.get(`/api/apis/${id}/${part}`)).status).toBe(200);
      expect((await reader.client.put(`/api/apis/${id}/${part}`, {})).status).toBe(403);
    });

    it('404: are not there for other organisations', async () => {
      const { id } = await create();
      const stranger = await api.organisation();
      for (const path of [`/api/apis/${id}/${part}`, `/api/apis/nothing/${part}`]) {
        for (const reply of [await stranger.admin.client.get(path), await stranger.admin.client.put(path, {})]) {
          expect([reply.status, reply.json['Message']]).toEqual([404, 'API not found']);
        }
      }
    });

    it('428: want If-Match where the organisation does', async () => {
      const strict = await api.organisation({ require_if_match: true });
      const body = { api_definition: anApiDefinition() };
      const created = expectOk(await strict.admin.client.post('/api/apis', body));
      const path = `/api/apis/${textOf(created.json['Meta'])}/${part}`;
      expect((await strict.admin.client.put(path, {})).status).toBe(428);
    });
  });
});

describe('POST /api/apis/validate', () => {
  let organisation: TestOrganisation;

  beforeAll(async () => {
    organisation = await api.organisation();
  });

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

describe('DELETE /api/cache/jwks/{id}', () => {
  let organisation: TestOrganisation;
  let subscriber: Redis;
  const heard: Readonly<Record<string, unknown>>[] = [];

  beforeAll(async () => {
    organisation = await api.organisation();
    subscriber = new Redis(api.config.redisUrl);
    subscriber.on('message', (_channel, text) => heard.push(JSON.parse(text) as Record<string, unknown>));
    await subscriber.subscribe(NOTIFICATION_CHANNEL);
  });
  afterAll(() => {
    subscriber.disconnect();
  });

  const generation = async (): Promise<number> =>
    (await api.app.get(Generations).of(toOrganisationId(organisation.id))).generation;

  it('tells gateways to fetch the key sets again, reloads none of them, and is audited', async () => {
    const { client } = organisation.admin;
    const id = await addApi(organisation);
    const before = await generation();
    const reply = expectOk(await client.delete(`/api/cache/jwks/${id}`));
    expect(reply.json).toEqual({ message: 'success', status: 'OK' });
    const message = await eventually(() =>
      Promise.resolve(heard.find(({ command }) => command === 'InvalidateJWKSCacheForAPI')),
    );
    expect(message).toMatchObject({ payload: id });
    expect(await generation()).toBe(before);
    expect(before).toBeGreaterThan(0);
    const audit = listOf(
      expectOk(await client.get('/api/audit-logs?action=Invalidate%20JWKS%20Cache')).json['audit_logs'],
    );
    expect(audit).toHaveLength(1);
  });

  it('is refused for an API that the organisation does not have, and without the right', async () => {
    const id = await addApi(organisation);
    const other = await api.organisation();
    const refused = await other.admin.client.delete(`/api/cache/jwks/${id}`);
    expect([refused.status, refused.json['Message']]).toEqual([403, 'Update not allowed, API not owned by user']);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.delete(`/api/cache/jwks/${id}`)).status).toBe(403);
    expect((await api.anonymous.delete(`/api/cache/jwks/${id}`)).status).toBe(401);
  });
});
