import { anApiDefinition, aPolicy, listOf, makeCertificate, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../test/api-under-test';

const everything = {
  ...{ apis: 'write', policies: 'write', keys: 'write', analytics: 'read', log: 'read', hooks: 'write' },
  ...{ system: 'write', users: 'write', user_groups: 'write', audit_logs: 'read', certs: 'write', api_assets: 'read' },
};

type Fields = Readonly<Record<string, unknown>>;

describe('ownership, where an organisation turned it on', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let ada: TestUser;
  let bob: TestUser;
  let adasGroup: string;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation({ enable_ownership: true });
    ada = await api.user(organisation.id, everything);
    bob = await api.user(organisation.id, everything);
    const created = expectOk(
      await organisation.admin.client.post('/api/usergroups', { name: 'Ops', user_permissions: { apis: 'read' } }),
    );
    adasGroup = textOf(created.json['Meta']);
    const membership = {
      email_address: `${unique('ada')}@acme.example`,
      user_permissions: everything,
      group_id: adasGroup,
    };
    expectOk(await organisation.admin.client.put(`/api/users/${ada.id}`, membership));
  });
  afterAll(() => api.stop());

  const makeApi = async (owners: Fields, definition: Fields = {}): Promise<{ id: string; apiId: string }> => {
    const body = { api_definition: anApiDefinition(definition), ...owners };
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', body));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const makePolicy = async (apiIds: readonly string[], fields: Fields = {}): Promise<string> =>
    textOf(
      expectOk(await organisation.admin.client.post('/api/portal/policies', aPolicy(apiIds, fields))).json['Message'],
    );
  const byUser = () => ({ user_owners: [ada.id] });
  const byGroup = () => ({ user_group_owners: [adasGroup] });
  const rightTo = (apiId: string) => ({ access_rights: { [apiId]: { api_id: apiId, versions: ['Default'] } } });

  it.each([
    ['a user', byUser],
    ['a group', byGroup],
  ])('gives an API of %s to its owners and administrators alone; nobody’s is everybody’s', async (_, owners) => {
    const { id, apiId } = await makeApi(owners());
    const free = await makeApi({});
    for (const one of [id, apiId]) {
      expect((await ada.client.get(`/api/apis/${one}`)).status).toBe(200);
      expect((await organisation.admin.client.get(`/api/apis/${one}`)).status).toBe(200);
      expect((await bob.client.get(`/api/apis/${one}`)).status).toBe(404);
      expect((await bob.client.delete(`/api/apis/${one}`)).status).toBe(404);
    }
    const listed = async ({ client }: TestUser) =>
      listOf(expectOk(await client.get('/api/apis?p=-1')).json['apis']).map((row) => row['api_definition']?.['api_id']);
    expect(await listed(ada)).toEqual(expect.arrayContaining([apiId, free.apiId]));
    expect(await listed(bob)).toContain(free.apiId);
    expect(await listed(bob)).not.toContain(apiId);
  });

  it('restricts nobody in an organisation that did not turn it on', async () => {
    const other = await api.organisation();
    const owner = await api.user(other.id, everything);
    const stranger = await api.user(other.id, everything);
    const body = { api_definition: anApiDefinition(), user_owners: [owner.id] };
    const { json } = expectOk(await other.admin.client.post('/api/apis', body));
    expect((await stranger.client.get(`/api/apis/${textOf(json['ID'])}`)).status).toBe(200);
  });

  it('takes and gives it with the next request', async () => {
    const { id } = await makeApi({});
    expectOk(await bob.client.get(`/api/apis/${id}`));
    expectOk(await organisation.admin.client.put(`/api/apis/${id}/access`, { userIds: [ada.id] }));
    expect((await bob.client.get(`/api/apis/${id}`)).status).toBe(404);
    expectOk(await ada.client.put(`/api/apis/${id}/access`, { userIds: [ada.id, bob.id] }));
    expectOk(await bob.client.get(`/api/apis/${id}`));
  });

  it('counts only what is seen, so that totals tell nothing', async () => {
    const mark = unique('counted');
    for (const owners of [byUser(), byUser(), {}]) await makeApi(owners, { name: `${mark} #${mark}` });
    const found = async ({ client }: TestUser) => expectOk(await client.get(`/api/apis?q=${mark}&p=1`)).json;
    expect(listOf((await found(bob))['apis'])).toHaveLength(1);
    expect(listOf((await found(ada))['apis'])).toHaveLength(3);
    const countOf = async ({ client }: TestUser) =>
      listOf(expectOk(await client.get('/api/apis/categories')).json['categories']).find(
        ({ name }) => textOf(name) === mark,
      );
    expect(await countOf(bob)).toEqual({ name: mark, count: 1 });
    expect(await countOf(ada)).toEqual({ name: mark, count: 3 });
  });

  describe('a policy', () => {
    it('is seen by its owners with all of its APIs, and by nobody else', async () => {
      const hidden = await makeApi(byUser());
      const free = await makeApi({});
      const owned = await makePolicy([free.apiId], byUser());
      const mixed = await makePolicy([free.apiId, hidden.apiId]);
      for (const id of [owned, mixed]) {
        expect((await ada.client.get(`/api/portal/policies/${id}`)).status).toBe(200);
        expect((await bob.client.get(`/api/portal/policies/${id}`)).status).toBe(404);
        const listed = expectOk(await bob.client.get('/api/portal/policies?p=-1')).text;
        expect(listed).not.toContain(id);
        expect(expectOk(await ada.client.get('/api/portal/policies?p=-1')).text).toContain(id);
      }
    });

    it('cannot be made to reach an API that is not theirs, nor can a key', async () => {
      const hidden = await makeApi(byUser());
      const free = await makeApi({});
      const mine = await makePolicy([free.apiId], { user_owners: [bob.id] });
      const reaching = aPolicy([free.apiId, hidden.apiId]);
      const refused = await bob.client.put(`/api/portal/policies/${mine}`, reaching);
      expect([refused.status, refused.json['Errors']]).toEqual([
        400,
        [{ path: `access_rights.${hidden.apiId}`, message: 'names no API of the organisation' }],
      ]);
      const key = await bob.client.post('/api/keys', rightTo(hidden.apiId));
      expect([key.status, key.json['Errors']?.[0]?.['message']]).toEqual([400, 'names no API of the organisation']);
      const strong = await makePolicy([hidden.apiId]);
      const applied = await bob.client.post('/api/keys', { apply_policies: [strong] });
      expect([applied.status, applied.json['Errors']?.[0]?.['message']]).toEqual([
        400,
        'names no policy of the organisation',
      ]);
    });

    it('cannot be made to reach it where policies may name APIs that do not exist', async () => {
      const loose = await api.organisation({ enable_ownership: true, allow_unknown_apis_in_policies: true });
      const owner = await api.user(loose.id, everything);
      const stranger = await api.user(loose.id, everything);
      const body = { api_definition: anApiDefinition(), user_owners: [owner.id] };
      const apiId = textOf(expectOk(await loose.admin.client.post('/api/apis', body)).json['ID']);
      expect((await stranger.client.post('/api/portal/policies', aPolicy([apiId]))).status).toBe(400);
      expectOk(await stranger.client.post('/api/portal/policies', aPolicy(['f'.repeat(32)])));
      expectOk(await owner.client.post('/api/portal/policies', aPolicy([apiId])));
    });

    it('has owners that are no content: with a history of their own, left by a rollback, and no word to nodes', async () => {
      const policy = await makePolicy([(await makeApi({})).apiId], { name: 'first' });
      const generation = async () => expectOk(await api.node.get('/system/policies')).text;
      expectOk(await organisation.admin.client.put(`/api/portal/policies/${policy}/access`, { userIds: [ada.id] }));
      const stored = expectOk(await ada.client.get(`/api/portal/policies/${policy}`)).json;
      expectOk(await ada.client.put(`/api/portal/policies/${policy}`, { ...stored, name: 'second' }));
      expectOk(await ada.client.post(`/api/portal/policies/${policy}/rollback`, { revision: 1 }));
      const { json } = expectOk(await ada.client.get(`/api/portal/policies/${policy}`));
      expect([json['name'], json['user_owners']]).toEqual(['first', [ada.id]]);
      const revisions = expectOk(await ada.client.get(`/api/portal/policies/${policy}/access/revisions`)).json;
      expect(listOf(revisions['revisions'])).toMatchObject([
        { revision: 2, before: { userIds: [] }, after: { userIds: [ada.id] } },
      ]);
      expect((await bob.client.get(`/api/portal/policies/${policy}/access/revisions`)).status).toBe(404);
      expect(await generation()).not.toContain('user_owners');
    });
  });

  it('stays with what is written or imported by those who do not speak of owners, and goes where they say there are none', async () => {
    const { client } = organisation.admin;
    const { id, apiId } = await makeApi(byUser());
    const policy = await makePolicy([apiId], byGroup());
    const ownersOf = async (path: string) => expectOk(await client.get(`${path}/access`)).json;
    const owned = async () => [await ownersOf(`/api/apis/${id}`), await ownersOf(`/api/portal/policies/${policy}`)];
    const before = await owned();
    expect(before).toEqual([
      { userIds: [ada.id], userGroupIds: [] },
      { userIds: [], userGroupIds: [adasGroup] },
    ]);
    const wrapper = expectOk(await client.get(`/api/apis/${id}`)).json;
    const stored = expectOk(await client.get(`/api/portal/policies/${policy}`)).json;
    const definition = (name: string) => ({ api_definition: { ...wrapper['api_definition'], name } });
    const owners = ['user_owners', 'user_group_owners'];
    const unowned = Object.fromEntries(Object.entries(stored).filter(([name]) => !owners.includes(name)));
    const silent = { user_owners: null, user_group_owners: null };
    for (const [at, said] of [{}, silent].entries()) {
      const [api, changed] = [
        { ...definition(`put ${at}`), ...said },
        { ...unowned, ...said, name: `put ${at}` },
      ];
      expectOk(await client.put(`/api/apis/${id}`, api));
      expectOk(await client.put(`/api/portal/policies/${policy}`, changed));
      expect(await owned()).toEqual(before);
      const document = { apis: [{ ...definition(`in ${at}`), ...said }], policies: [{ ...changed, name: `in ${at}` }] };
      expectOk(await client.post('/api/import', document));
      expect(expectOk(await client.get(`/api/portal/policies/${policy}`)).json['name']).toBe(`in ${at}`);
      expect(await owned()).toEqual(before);
    }
    expect((await bob.client.get(`/api/apis/${id}`)).status).toBe(404);
    const none = { user_owners: [], user_group_owners: [] };
    expectOk(await client.post('/api/import', { apis: [{ ...definition('free'), ...none }] }));
    expectOk(await bob.client.get(`/api/apis/${id}`));
  });

  it('is not what a rollback brings back: owners and groups of an API stay as they are', async () => {
    const { client } = organisation.admin;
    const { id } = await makeApi(byUser(), { name: 'first' });
    const { json } = expectOk(await client.get(`/api/apis/${id}`));
    const renamed = { ...json['api_definition'], name: 'second' };
    expectOk(await client.put(`/api/apis/${id}`, { api_definition: renamed, user_owners: [bob.id], ...byGroup() }));
    expectOk(await client.post(`/api/apis/${id}/rollback`, { revision: 1 }));
    const after = expectOk(await client.get(`/api/apis/${id}`)).json;
    expect([after['api_definition']?.['name'], after['user_owners'], after['user_group_owners']]).toEqual([
      'first',
      [bob.id],
      [adasGroup],
    ]);
  });

  it('hides keys that open what is not theirs, in lists, by token and by hash', async () => {
    const hidden = await makeApi(byUser());
    const free = await makeApi({});
    const both = { access_rights: { ...rightTo(free.apiId).access_rights, ...rightTo(hidden.apiId).access_rights } };
    const made = expectOk(await ada.client.post('/api/keys', both)).json;
    const [token, hash] = [textOf(made['key_id']), textOf(made['key_hash'])];
    for (const path of [
      `/api/keys/${token}`,
      `/api/keys/${hash}?hashed=true`,
      `/api/apis/${free.apiId}/keys/${token}`,
    ]) {
      expect((await ada.client.get(path)).status).toBe(200);
      expect((await bob.client.get(path)).status).toBe(404);
    }
    expect((await bob.client.delete(`/api/keys/${token}`)).status).toBe(404);
    expect(expectOk(await ada.client.get('/api/keys?p=-1')).text).toContain(hash);
    for (const path of ['/api/keys?p=-1', '/api/keys/detailed?p=-1', `/api/apis/${free.apiId}/keys`]) {
      expect(expectOk(await bob.client.get(path)).text).not.toContain(hash);
    }
    expect(expectOk(await bob.client.post('/api/keys/search', { token })).json['total']).toBe(0);
  });

  it('shows what was deleted to those who saw it, who alone may restore it', async () => {
    const { id, apiId } = await makeApi(byUser(), { name: unique('gone') });
    expectOk(await ada.client.delete(`/api/apis/${id}`));
    expect(expectOk(await ada.client.get('/api/apis/deleted')).text).toContain(id);
    expect(expectOk(await bob.client.get('/api/apis/deleted')).text).not.toContain(id);
    expect((await bob.client.get(`/api/apis/${apiId}/revisions`)).status).toBe(404);
    expect((await bob.client.post(`/api/apis/${apiId}/restore`)).status).toBe(404);
    expectOk(await ada.client.post(`/api/apis/${apiId}/restore`));
  });

  it('says of a place that somebody else’s API has only that it is taken', async () => {
    const path = `/${unique('path')}/`;
    const taken = await makeApi(
      { ...byUser() },
      { name: 'Secret', proxy: { listen_path: path, target_url: 'http://a' } },
    );
    const rival = { api_definition: anApiDefinition({ proxy: { listen_path: path, target_url: 'http://b' } }) };
    const told = await ada.client.post('/api/apis', rival);
    expect([told.status, told.json['Meta']?.['api_id']]).toEqual([409, taken.apiId]);
    const { status, text } = await bob.client.post('/api/apis', rival);
    expect([status, text.includes('Secret'), text.includes(taken.apiId)]).toEqual([409, false, false]);
  });

  it('exports to each what they see', async () => {
    const hidden = await makeApi(byUser());
    const policy = await makePolicy([hidden.apiId]);
    const exported = async ({ client }: TestUser) => expectOk(await client.get('/api/export')).text;
    for (const id of [hidden.apiId, policy]) {
      expect(await exported(bob)).not.toContain(id);
      expect(await exported(ada)).toContain(id);
    }
  });

  it('leaves to administrators what shows or changes the whole organisation', async () => {
    for (const path of ['/api/audit-logs', '/api/audit-logs/verify', '/api/import']) {
      expect((await bob.client.get(path)).json['Code']).toBe('forbidden');
      expectOk(await organisation.admin.client.get(path));
    }
    expect((await bob.client.post('/api/import', { castellan: { version: 1 } })).status).toBe(403);
  });

  it('400: refuses owners whom the organisation does not have, and leaves things as they are', async () => {
    const stranger = await api.user((await api.organisation()).id, everything);
    const { id } = await makeApi(byUser());
    const access = await ada.client.put(`/api/apis/${id}/access`, { userIds: [stranger.id], userGroupIds: [ada.id] });
    expect([access.status, access.json['Errors']]).toEqual([
      400,
      [
        { path: 'userIds[0]', message: 'is no user of the organisation' },
        { path: 'userGroupIds[0]', message: 'is no user group of the organisation' },
      ],
    ]);
    const body = { api_definition: anApiDefinition(), user_owners: ['nobody'], user_group_owners: [ada.id] };
    const created = await ada.client.post('/api/apis', body);
    expect([created.status, listOf(created.json['Errors']).map(({ path }) => path)]).toEqual([
      400,
      ['user_owners[0]', 'user_group_owners[0]'],
    ]);
    const policy = await ada.client.post('/api/portal/policies', { ...aPolicy([]), user_owners: [stranger.id] });
    expect(policy.json['Errors']?.[0]?.['path']).toBe('user_owners[0]');
    expect((await ada.client.get(`/api/apis/${id}/access`)).json).toEqual({ userIds: [ada.id], userGroupIds: [] });
  });

  it('409: keeps the last owner of an API or a policy, and names it only to those who see it', async () => {
    const leaving = await api.user(organisation.id, { apis: 'read' });
    const hidden = await makeApi({ user_owners: [leaving.id] }, { name: 'Quiet' });
    await makePolicy([hidden.apiId], { name: 'Loud', user_owners: [leaving.id] });
    const { status, json } = await organisation.admin.client.delete(`/api/users/${leaving.id}`);
    expect(status).toBe(409);
    expect(listOf(json['Errors']).map(({ message }) => message)).toEqual([
      'API "Quiet" has no other owner',
      'policy "Loud" has no other owner',
    ]);
    const told = await bob.client.delete(`/api/users/${leaving.id}`);
    expect([told.status, told.text.includes('Quiet')]).toEqual([409, false]);
  });

  it('tells of a certificate no more than that something uses it', async () => {
    const form = new FormData();
    form.append('data', new Blob([(await makeCertificate({ name: 'shared.example' })).pem]), 'shared.pem');
    const id = textOf(expectOk(await organisation.admin.client.post('/api/certs', form)).json['id']);
    const hidden = await makeApi(byUser(), { use_mutual_tls_auth: true, client_certificates: [id] });
    for (const path of [`/api/certs/${id}/apis`, `/api/certs/dependencies/${id}`]) {
      expect(expectOk(await ada.client.get(path)).text).toContain(hidden.apiId);
      expect(expectOk(await bob.client.get(path)).text).not.toContain(hidden.apiId);
    }
    for (const path of [`/api/certs/${id}`, `/api/certs/dependencies/${id}`]) {
      const { status, text } = await bob.client.delete(path);
      expect([status, text.includes(hidden.apiId)]).toEqual([409, false]);
    }
  });

  it('stays with a group through changes of it, and follows its members, not its name', async () => {
    const { admin } = organisation;
    const group = async (body: Fields): Promise<string> =>
      textOf(expectOk(await admin.client.post('/api/usergroups', body)).json['Meta']);
    const mine = await group({ name: 'Billing', user_permissions: { apis: 'read' } });
    await group({ name: 'billing', user_permissions: { apis: 'read' } });
    const { id } = await makeApi({ user_group_owners: [mine] });
    const member = await api.user(organisation.id, { apis: 'read' });
    const fields = { email_address: `${unique('member')}@acme.example`, user_permissions: { apis: 'read' } };
    expect((await member.client.get(`/api/apis/${id}`)).status).toBe(404);
    expectOk(await admin.client.put(`/api/users/${member.id}`, { ...fields, group_id: mine }));
    expectOk(await admin.client.put(`/api/usergroups/${mine}`, { description: 'Invoices' }));
    for (const { client } of [member, admin]) expectOk(await client.get(`/api/apis/${id}`));
    expectOk(await admin.client.put(`/api/usergroups/${mine}`, { active: false }));
    expect((await member.client.get(`/api/apis/${id}`)).status).toBe(404);
    expect((await admin.client.delete(`/api/usergroups/${mine}`)).status).toBe(409);
  });

  it('shows figures of what is theirs alone', async () => {
    const hidden = await makeApi(byUser());
    const usage = (apiId: string) => `/api/usage/apis/${apiId}/1/1/2030/2/1/2030`;
    expectOk(await ada.client.get(usage(hidden.apiId)));
    const refused = await bob.client.get(usage(hidden.apiId));
    expect([refused.status, refused.json['Message']]).toEqual([403, 'User does not have access to the API with ID.']);
  });
});
