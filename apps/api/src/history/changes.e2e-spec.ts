import { anApiDefinition, listOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { addApi } from '../../test/configuration';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const missingId = '000000000000000000000000';
const stale = { headers: { 'if-match': '"9"' } };

type Fields = Readonly<Record<string, unknown>>;

describe('kinds whose histories keep no documents', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let admin: HttpClient;
  let elsewhere: HttpClient;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ SECRET_KEY: 'a-key-for-what-is-sealed', CREDENTIAL_ATTEMPTS: '1000' });
    organisation = await api.organisation();
    admin = organisation.admin.client;
    elsewhere = (await api.organisation()).admin.client;
  });
  afterAll(() => api.stop());

  const aGroup = (fields: Fields = {}) => ({ name: unique('group'), user_permissions: { apis: 'read' }, ...fields });
  const aProvider = (fields: Fields = {}) => ({
    name: unique('provider'),
    issuer: 'https://accounts.acme.example',
    client_id: 'castellan',
    ...fields,
  });
  const aUser = (fields: Fields = {}) => ({
    first_name: unique('Ada'),
    email_address: `${unique('ada')}@acme.example`,
    user_permissions: { apis: 'read' },
    ...fields,
  });
  const kinds = [
    { kind: 'user_group', path: '/api/usergroups', section: 'user_groups', body: aGroup, change: { description: 'x' } },
    {
      kind: 'identity_provider',
      path: '/api/identity-providers',
      section: 'idm',
      body: aProvider,
      change: aProvider(),
    },
    { kind: 'user', path: '/api/users', section: 'users', body: aUser, change: { last_name: 'Hopper' } },
  ] as const;
  const validated = kinds.filter(({ kind }) => kind !== 'user');

  const made = async (path: string, body: object): Promise<string> =>
    textOf(expectOk(await admin.post(path, body)).json['Meta']);
  const codeOf = ({ status, json }: Reply): readonly unknown[] => [status, json['Code']];
  const revisionsOf = async (path: string, id: string) =>
    listOf(expectOk(await admin.get(`${path}/${id}/revisions?p=-1`)).json['revisions']);

  describe.each(kinds)('$path', ({ path, section, body, change }) => {
    it('say who changed what, also of what was deleted, by the fields that may be shown and digests of the others', async () => {
      const id = await made(path, body());
      expectOk(await admin.put(`${path}/${id}`, change, { headers: { 'x-change-reason': 'asked for' } }));
      expectOk(await admin.delete(`${path}/${id}`));
      const revisions = await revisionsOf(path, id);
      expect(revisions.map((one) => [one['revision'], one['operation'], one['reason']])).toEqual([
        [3, 'delete', ''],
        [2, 'update', 'asked for'],
        [1, 'create', ''],
      ]);
      const { json } = expectOk(await admin.get(`${path}/${id}/revisions/2`));
      const audit = listOf(expectOk(await admin.get(`/api/audit-logs?resource=${id}`)).json['audit_logs']);
      const record = audit.find((one) => textOf(one['req_id']) === textOf(json['request_id']));
      expect(json['document']).toBeNull();
      expect(listOf(json['diff']).length).toBeGreaterThan(0);
      expect(record?.['action']).toMatch(/^Update /);
      for (const { path: field } of listOf(json['diff'])) expect(JSON.stringify(record)).toContain(textOf(field));
    });

    it('are opened by the right to read the section, and only within the organisation', async () => {
      const id = await made(path, body());
      const routes = [`${path}/${id}/revisions`, `${path}/${id}/revisions/1`];
      const reader = await api.user(organisation.id, { [section]: 'read' });
      const stranger = await api.user(organisation.id, { hooks: 'write' });
      for (const route of routes) {
        expect((await reader.client.get(route)).status).toBe(200);
        expect((await stranger.client.get(route)).status).toBe(403);
        expect((await api.anonymous.get(route)).status).toBe(401);
        expect((await elsewhere.get(route)).status).toBe(404);
      }
      expect((await admin.get(`${path}/${missingId}/revisions`)).status).toBe(404);
      expect((await admin.get(`${path}/${id}/revisions/7`)).status).toBe(404);
      expect((await admin.get(`${path}/${id}/revisions/x`)).status).toBe(400);
      expect((await admin.get(`${path}/${id}/revisions?p=x`)).status).toBe(400);
      // What keeps no documents has nothing to go back to.
      expect((await admin.post(`${path}/${id}/rollback`, { revision: 1 })).status).toBe(404);
    });
  });

  describe.each(validated)('$path/validate', ({ kind, path, section, body, change }) => {
    it('says what a write would change, and writes nothing', async () => {
      const fresh = expectOk(await admin.post(`${path}/validate`, body())).json;
      expect(fresh['Meta']).toMatchObject({ changes: [{ kind, operation: 'create', version: 1 }] });
      const id = await made(path, body());
      const changed = expectOk(await admin.post(`${path}/validate?id=${id}`, change)).json;
      expect(changed['Meta']).toMatchObject({ changes: [{ kind, id, operation: 'update', version: 2 }] });
      expect(await revisionsOf(path, id)).toHaveLength(1);
      expect((await admin.put(`${path}/${id}`, change, stale)).status).toBe(412);
      expect((await admin.delete(`${path}/${id}`, stale)).status).toBe(412);
    });

    it('refuses what a write would, and whom', async () => {
      const validate = `${path}/validate`;
      expect((await api.anonymous.post(validate, body())).status).toBe(401);
      const stranger = await api.user(organisation.id, { hooks: 'write' });
      expect((await stranger.client.post(validate, body())).status).toBe(403);
      const weak = await api.user(organisation.id, { [section]: 'read' });
      expect((await weak.client.post(validate, body())).status).toBe(403);
      expect((await admin.post(validate, {})).status).toBe(400);
      expect((await admin.post(validate, [])).status).toBe(400);
      expect((await admin.post(validate, { ...body(), name: 7 })).json['Errors']?.[0]?.['path']).toBe('name');
      for (const client of [admin, elsewhere]) {
        const id = client === admin ? missingId : await made(path, body());
        expect((await client.post(`${validate}?id=${id}`, change)).status).toBe(404);
      }
    });
  });

  describe('OAuth clients, which are named within their API', () => {
    let [at, validate] = ['', ''];
    const redirect = { redirect_uri: 'https://app.example/callback' };
    const client = async (fields: Fields = {}): Promise<string> =>
      textOf(expectOk(await admin.post(at, { ...redirect, ...fields })).json['client_id']);

    beforeAll(async () => {
      const definition = anApiDefinition({ use_keyless: false, use_oauth2: true });
      at = `/api/apis/oauth/${await addApi(organisation, definition)}`;
      validate = `${at}/validate`;
    });

    it('say who changed what, and show no secret, neither when tried out nor afterwards', async () => {
      const [name, secret] = [unique('app'), unique('secret')];
      const tried = expectOk(await admin.post(validate, { ...redirect, client_id: name, secret }));
      expect(tried.json['Meta']).toMatchObject({
        changes: [{ kind: 'oauth_client', operation: 'create', version: 1 }],
      });
      expect((await admin.get(`${at}/${name}`)).status).toBe(404);
      await client({ client_id: name, secret });
      const changed = expectOk(await admin.post(`${validate}?id=${name}`, { description: 'Ours' })).json;
      expect(changed['Meta']).toMatchObject({ changes: [{ operation: 'update', version: 2 }] });
      expect((await admin.put(`${at}/${name}`, { description: 'Ours' }, stale)).status).toBe(412);
      expectOk(await admin.put(`${at}/${name}`, { description: 'Ours' }));
      expectOk(await admin.put(`${at}/${name}/rotate`));
      expect((await admin.delete(`${at}/${name}`, stale)).status).toBe(412);
      expectOk(await admin.delete(`${at}/${name}`));
      const list = expectOk(await admin.get(`${at}/${name}/revisions?p=-1`));
      const revisions = listOf(list.json['revisions']);
      expect(revisions.map(({ operation }) => operation)).toEqual(['delete', 'update', 'update', 'create']);
      const texts = await Promise.all([1, 2, 3].map((number) => admin.get(`${at}/${name}/revisions/${number}`)));
      expect(texts.map(({ json }) => json['document'])).toEqual([null, null, null]);
      expect(texts[1]?.json['diff']).toEqual([{ op: 'replace', path: '/description', before: '', value: 'Ours' }]);
      expect(listOf(texts[2]?.json['diff']).map((one) => one['path'])).toEqual(['/secret_since']);
      for (const { text } of [tried, list, ...texts]) expect(text).not.toContain(secret);
    });

    it('are refused as a write would be, and to whom', async () => {
      const name = await client();
      for (const [path, body] of [
        [validate, redirect],
        [`${at}/${name}/revisions`, undefined],
        [`${at}/${name}/revisions/1`, undefined],
      ] as const) {
        const method = body === undefined ? 'GET' : 'POST';
        const stranger = await api.user(organisation.id, { hooks: 'write' });
        const reader = await api.user(organisation.id, { oauth: 'read' });
        const statuses = [api.anonymous, stranger.client, elsewhere, reader.client].map(
          async (caller) => (await caller.call(method, path, { body })).status,
        );
        // An API of somebody else is a 400 in the words of the original.
        expect(await Promise.all(statuses)).toEqual([401, 403, 400, 200]);
      }
      expect((await admin.post(validate, {})).json['Errors']).toMatchObject([{ path: 'redirect_uri' }]);
      expect((await admin.post(validate, { redirect_uri: 7 })).status).toBe(400);
      expect((await admin.post(validate, { ...redirect, client_id: name })).status).toBe(409);
      expect((await admin.post(`${validate}?id=${name}`, { client_id: 'other' })).status).toBe(400);
      expect((await admin.post(`${validate}?id=${unique('none')}`, {})).status).toBe(404);
      expect((await admin.get(`${at}/${unique('none')}/revisions`)).status).toBe(404);
    });
  });

  it('refuse in a dry run what would leave an organisation without an administrator', async () => {
    const own = await api.organisation();
    const group = textOf(
      expectOk(await own.admin.client.post('/api/usergroups', aGroup({ user_permissions: { IsAdmin: 'admin' } }))).json[
        'Meta'
      ],
    );
    const body = { email_address: `${unique('a')}@acme.example`, group_ids: [group] };
    const key = textOf(expectOk(await own.admin.client.post('/api/users', body)).json['AccessKey']);
    const last = api.anonymous.with({ authorization: key });
    expectOk(await last.delete(`/api/users/${own.admin.id}`));
    const off = await last.post(`/api/usergroups/validate?id=${group}`, { active: false });
    expect(codeOf(off)).toEqual([409, 'last_administrator']);
    expect(codeOf(await last.put(`/api/usergroups/${group}`, { active: false }))).toEqual([409, 'last_administrator']);
  });

  it('show no secret of an identity provider, neither when it is tried out nor afterwards', async () => {
    const secret = unique('secret');
    const id = await made('/api/identity-providers', aProvider({ client_secret: secret }));
    const other = aProvider({ client_secret: unique('other') });
    const tried = expectOk(await admin.post(`/api/identity-providers/validate?id=${id}`, other));
    expect(tried.text).toContain('/client_secret');
    expectOk(await admin.put(`/api/identity-providers/${id}`, other));
    const revision = expectOk(await admin.get(`/api/identity-providers/${id}/revisions/2`));
    const fields = listOf(revision.json['diff']).map((one) => textOf(one['path']));
    expect(fields).toEqual(expect.arrayContaining(['/name', '/client_secret']));
    for (const { text } of [tried, revision]) {
      expect(text).not.toContain(secret);
      expect(text).toMatch(/"path":"\/client_secret"[^}]*"value":"sha256:[0-9a-f]{16}"/);
    }
  });
});
