import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anApiDefinition, listOf, makeCertificate, textOf, type JsonReply, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { addApi, addHook, addPolicy } from '../apps/api/test/configuration';
import { anOasApi } from '../apps/api/test/oas-documents';

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
  key: ['api_model', 'key_id', 'data', 'key_hash'],
  keys: ['data', 'keys', 'pages'],
  client: [
    ...['client_id', 'client_name', 'dcr_registration', 'description', 'meta_data', 'policy_id', 'redirect_uri'],
    'secret',
  ],
  basics: ['dns_names', 'has_private', 'id', 'is_ca', 'issuer_cn', 'not_after', 'not_before', 'subject_cn'],
  certificate: [
    ...['dns_names', 'has_private', 'id', 'is_ca', 'issuer_cn', 'not_after', 'not_before', 'subject_cn'],
    ...['fingerprint', 'issuer', 'subject'],
  ],
  uploaded: ['id', 'message', 'status'],
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

  it('decodes the replies to writes, of every kind', async () => {
    const { client } = organisation.admin;
    const { json: wrapper } = expectOk(await client.get(`/api/apis/${apiId}`));
    const hook = { name: 'x', method: 'POST', target_path: 'http://hooks.example/' };
    const group = { name: 'Writers', user_permissions: { apis: 'write' } };
    const user = {
      first_name: 'A',
      last_name: 'B',
      email_address: 'strict@acme.example',
      active: true,
      user_permissions: group.user_permissions,
    };
    const policy = { name: 'x', rate: 1, per: 1, access_rights: {}, active: true };
    const made = [
      await client.post('/api/apis', { api_definition: anApiDefinition() }),
      await client.post('/api/apis/oas', anOasApi()),
      await client.post('/api/hooks', hook),
      await client.post('/api/usergroups', group),
      await client.post('/api/users', user),
      await client.post('/api/portal/policies', policy),
      await api.admin.post('/admin/organisations', { owner_name: 'Another' }),
      await client.put(`/api/apis/${apiId}`, { api_definition: wrapper['api_definition'] }),
    ];
    const unknown = made.flatMap((reply) => unknownIn('status', expectOk(reply).json));
    // An access key is shown once, and where else it could be read docs/moving-from-tyk-dashboard.md says.
    expect(unknown).toEqual(['AccessKey']);
    expect(unknownIn('user', expectOk(await client.get('/api/users/search?q=strict')).json['users']?.[0])).toEqual([]);
    const newest = async (path: string, rows: string, name: string): Promise<string> => {
      const { json } = expectOk(await client.get(`${path}?p=-1`));
      const row = listOf(json[rows]).find((one) => textOf(one['name'] ?? one['email_address']) === name);
      return `${path}/${textOf(row?.['_id'] ?? row?.['id'])}`;
    };
    for (const [at, body] of [
      [await newest('/api/hooks', 'hooks', hook.name), hook],
      [await newest('/api/usergroups', 'groups', group.name), group],
      [await newest('/api/users', 'users', user.email_address), user],
      [await newest('/api/portal/policies', 'Data', policy.name), policy],
    ] as const) {
      const replies = [await client.put(at, body), await client.delete(at)];
      for (const reply of replies) expect([at, unknownIn('status', expectOk(reply).json)]).toEqual([at, []]);
    }
  });

  it('decodes the list of certificates in both of its forms', async () => {
    const { client } = organisation.admin;
    const form = new FormData();
    form.append('cert', new Blob([(await makeCertificate()).pem]), 'cert.pem');
    expectOk(await client.post('/api/certs', form));
    const { json } = expectOk(await client.get('/api/certs?mode=detailed'));
    const rows = listOf(json['cert_basics']);
    expect([Object.keys(json).sort(), rows.length > 0]).toEqual([['cert_basics', 'pages'], true]);
    expect(rows.flatMap((row) => unknownIn('basics', row))).toEqual([]);
    expect(Object.keys(expectOk(await client.get('/api/certs')).json).sort()).toEqual(['certs', 'pages']);
  });

  it('finds in users and hooks what it requires, though nobody has given it', async () => {
    const { client } = organisation.admin;
    expectOk(await client.post('/api/hooks', { name: 'least', method: 'POST', target_path: 'http://hooks.example/' }));
    expectOk(
      await client.post('/api/users', { email_address: 'least@acme.example', user_permissions: { apis: 'read' } }),
    );
    for (const [path, rows, needed] of [
      ['/api/users', 'users', ['first_name', 'last_name', 'email_address', 'user_permissions']],
      ['/api/hooks', 'hooks', ['method', 'target_path']],
    ] as const) {
      const found = listOf(expectOk(await client.get(`${path}?p=-1`)).json[rows]);
      expect(found.length).toBeGreaterThan(1);
      expect(found.flatMap((row) => needed.filter((name) => !(name in row)))).toEqual([]);
    }
  });

  // docs/tyk/clients.md#tyks-go-sdk: nobody is known who decodes these and refuses what is unknown.
  it('is told of every other field that keys, OAuth clients and certificates have', async () => {
    const { client } = organisation.admin;
    const secured = await addApi(organisation, anApiDefinition({ use_keyless: false, use_oauth2: true }));
    const right = { api_id: secured, api_name: 'Test', versions: ['Default'] };
    const key = expectOk(await client.post('/api/keys', { access_rights: { [secured]: right } })).json;
    const whole = await client.post(`/api/apis/oauth/${secured}`, { redirect_uri: 'https://app.example' });
    const form = new FormData();
    form.append('cert', new Blob([(await makeCertificate()).pem]), 'cert.pem');
    const certificate = expectOk(await client.post('/api/certs', form)).json;
    const replies: readonly (readonly [Shape, Reply, string?])[] = [
      ['key', await client.get(`/api/keys/${textOf(key['key_hash'])}`)],
      ['keys', await client.get('/api/keys')],
      ['keys', await client.get('/api/keys/detailed')],
      ['client', whole],
      ['client', await client.get(`/api/apis/oauth/${secured}`), 'apps'],
      ['certificate', await client.get('/api/certs/details'), 'certificates'],
      ['certificate', await client.get(`/api/certs/${textOf(certificate['id'])}`)],
    ];
    const found = replies.flatMap(([shape, reply, rows]) => {
      const { json } = expectOk(reply);
      return unknownIn(shape, rows === undefined ? json : json[rows]?.[0]).map((name) => `${shape}: ${name}`);
    });
    found.push(...unknownIn('key', key).map((name) => `key: ${name}`));
    found.push(...unknownIn('uploaded', certificate).map((name) => `certificate: ${name}`));
    const names = [...new Set(found)].sort();
    expect(names).toEqual([
      ...['certificate: state', 'certificate: warnings', 'client: warnings'],
      ...['key: counters', 'key: explanation', 'key: last_used', 'keys: total'],
    ]);
    const page = readFileSync(join(__dirname, '..', 'docs', 'moving-from-tyk-dashboard.md'), 'utf8');
    for (const name of ['AccessKey', ...names.map((one) => one.replace(/^.*: /, ''))])
      expect(page).toContain(`\`${name}\``);
  });
});
