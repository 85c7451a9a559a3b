import { listOf, textOf, type JsonReply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { addApi, addHook, addPolicy } from '../apps/api/test/configuration';

/** The fields that Tyk documents of what its clients decode; some refuse every other. */
const documented = {
  wrapper: [
    ...['api_model', 'api_definition', 'hook_references', 'is_site', 'sort_by', 'user_group_owners', 'user_owners'],
    ...['categories', 'created_at', 'updated_at', 'oas'],
  ],
  hook: [
    ...['api_model', 'id', 'org_id', 'name', 'method', 'target_path', 'template_path', 'header_map'],
    ...['event_timeout', 'webhook_id'],
  ],
  policy: [
    ...['_id', 'access_rights', 'active', 'date_created', 'hmac_enabled', 'id', 'is_inactive', 'key_expires_in'],
    ...['last_updated', 'max_query_depth', 'meta_data', 'name', 'org_id', 'partitions', 'per', 'quota_max'],
    ...['quota_renewal_rate', 'rate', 'smoothing', 'tags', 'throttle_interval', 'throttle_retry_limit'],
  ],
  user: [
    ...['access_key', 'active', 'api_model', 'created_at', 'email_address', 'first_name', 'group_id', 'id'],
    ...['last_login_date', 'last_name', 'org_id', 'password_max_days', 'password_updated', 'user_permissions'],
  ],
  organisation: [
    ...['additional_permissions', 'apis', 'cname', 'cname_enabled', 'developer_count', 'developer_quota'],
    ...['event_options', 'hybrid_enabled', 'id', 'open_policy', 'org_options_meta', 'owner_name', 'owner_slug'],
    ...['sso_enabled', 'ui'],
  ],
  group: ['active', 'description', 'id', 'name', 'org_id', 'password_max_days', 'user_permissions'],
  asset: ['_id', 'data', 'description', 'id', 'kind', 'last_updated', 'name', 'org_id'],
  status: ['Status', 'Message', 'Meta', 'ID'],
} as const;

type Shape = keyof typeof documented;

describe('a client that refuses fields it does not know', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let apiId: string;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    // Without settings of Castellan's own: an organisation that has them is asked for by nobody else.
    const created = expectOk(await api.admin.post('/admin/organisations', { owner_name: 'Strict' }));
    const id = textOf(created.json['Meta']);
    organisation = { id, admin: await api.user(id, { IsAdmin: 'admin' }) };
    apiId = await addApi(organisation);
    await addPolicy(organisation, [apiId]);
    await addHook(organisation);
    const { client } = organisation.admin;
    expectOk(await client.post('/api/usergroups', { name: 'Readers', user_permissions: { apis: 'read' } }));
    await client.post('/api/assets', { kind: 'oas-template', name: 'Template', data: {} });
  });
  afterAll(() => api.stop());

  const unknownIn = (shape: Shape, value: JsonReply | undefined): string[] => {
    const known: readonly string[] = documented[shape];
    return Object.keys(value ?? {}).filter((name) => !known.includes(name));
  };

  it.each<[string, string, string, Shape]>([
    ['/api/apis', 'apis', 'pages', 'wrapper'],
    ['/api/apis/search', 'apis', 'pages', 'wrapper'],
    ['/api/apis?compressed=1', 'apis', 'pages', 'wrapper'],
    ['/api/hooks', 'hooks', 'pages', 'hook'],
    ['/api/portal/policies', 'Data', 'Pages', 'policy'],
    ['/api/portal/policies/search', 'Data', 'Pages', 'policy'],
    ['/admin/users', 'users', 'pages', 'user'],
    ['/api/users', 'users', 'pages', 'user'],
    ['/api/users/search', 'users', 'pages', 'user'],
    ['/api/usergroups', 'groups', 'pages', 'group'],
    ['/admin/organisations', 'organisations', 'pages', 'organisation'],
  ])('decodes the list %s and each row of it', async (path, rows, pages, shape) => {
    const client = path.startsWith('/admin') ? api.admin : organisation.admin.client;
    const { json } = expectOk(await client.get(path));
    expect(Object.keys(json).sort()).toEqual([rows, pages].sort());
    const found = listOf(json[rows]);
    expect(found.length).toBeGreaterThan(0);
    expect(found.flatMap((row) => unknownIn(shape, row))).toEqual([]);
  });

  it('decodes each resource by itself, and finds the version in the ETag', async () => {
    const { client } = organisation.admin;
    const policies = expectOk(await client.get('/api/portal/policies')).json['Data'];
    const hooks = expectOk(await client.get('/api/hooks')).json['hooks'];
    const groups = expectOk(await client.get('/api/usergroups')).json['groups'];
    const [asset] = listOf(expectOk(await client.get('/api/assets')).json);
    const resources: [Shape, Promise<{ json: JsonReply; headers: Headers }>][] = [
      ['wrapper', client.get(`/api/apis/${apiId}`)],
      ['policy', client.get(`/api/portal/policies/${textOf(policies?.[0]?.['_id'])}`)],
      ['hook', client.get(`/api/hooks/${textOf(hooks?.[0]?.['id'])}`)],
      ['group', client.get(`/api/usergroups/${textOf(groups?.[0]?.['id'])}`)],
      ['asset', client.get(`/api/assets/${textOf(asset?.['id'])}`)],
      ['user', client.get('/api/users/me')],
      ['user', api.admin.get(`/admin/users/${organisation.admin.id}`)],
      ['organisation', api.admin.get(`/admin/organisations/${organisation.id}`)],
    ];
    for (const [shape, asked] of resources) {
      const { json, headers } = await asked;
      expect([shape, unknownIn(shape, json), headers.get('etag')]).toEqual([shape, [], '"1"']);
    }
  });

  it('decodes the replies to writes', async () => {
    const { client } = organisation.admin;
    const { json: wrapper } = expectOk(await client.get(`/api/apis/${apiId}`));
    const replies = [
      await client.put(`/api/apis/${apiId}`, { api_definition: wrapper['api_definition'] }),
      await client.post('/api/hooks', { name: 'x', method: 'POST', target_path: 'http://hooks.example/' }),
      await api.admin.post('/admin/organisations', { owner_name: 'Another' }),
    ];
    for (const reply of replies) expect(unknownIn('status', expectOk(reply).json)).toEqual([]);
  });
});
