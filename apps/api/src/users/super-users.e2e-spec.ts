import { anApiDefinition, listOf, textOf, unique, type HttpClient } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

describe('a super user, who is of no organisation', () => {
  let api: ApiUnderTest;
  let replica: ApiUnderTest;
  let acme: TestOrganisation;
  let other: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    replica = await ApiUnderTest.start({ DATABASE: new URL(api.config.mongodbUri).pathname.slice(1) });
    acme = await api.organisation();
  });
  afterAll(async () => {
    await replica.stop();
    await api.stop();
  });

  const superUser = async (fields: Readonly<Record<string, unknown>> = {}) => {
    const email = `${unique('super')}@castellan.example`;
    const body = { org_id: '', email_address: email, ...fields };
    const { json } = expectOk(await api.admin.post('/admin/users', body));
    const [id, accessKey] = [textOf(json['Meta']?.['id']), textOf(json['Message'])];
    return { id, email, accessKey, client: api.anonymous.with({ authorization: accessKey }) };
  };
  const inside = (client: HttpClient, { id }: TestOrganisation): HttpClient =>
    client.with({ 'x-castellan-organisation': id });
  const audits = async (client: HttpClient, path: string) =>
    listOf(expectOk(await client.get(path)).json['audit_logs']).map(({ user, action, status }) => [
      user,
      action,
      status,
    ]);

  it('acts in the only organisation without saying so', async () => {
    const { client, id } = await superUser();
    expect(expectOk(await client.get('/api/users/me')).json).toMatchObject({ id, org_id: '', access_key: '' });
    expect(listOf(expectOk(await client.get('/api/users?p=-1')).json['users'])).toHaveLength(1);
  });

  describe('where there are several', () => {
    beforeAll(async () => {
      other = await api.organisation();
    });

    it('is made by the operator with an empty org_id, and shows the access key once', async () => {
      const { id, email, accessKey } = await superUser({ first_name: 'Ada' });
      const path = `/admin/users/${id}`;
      const shown = expectOk(await api.admin.get(path));
      expect(shown.json).toMatchObject({ id, email_address: email, org_id: '', access_key: '' });
      expect(shown.text).not.toContain(accessKey);
      expect(shown.json['user_permissions']).toEqual({ IsAdmin: 'admin', ResetPassword: 'admin' });
      const all = listOf(expectOk(await api.admin.get('/admin/users?super=true&p=-1')).json['users']);
      expect(all.map((one) => one['org_id'])).toEqual(all.map(() => ''));
      expect(all.map((one) => one['id'])).toContain(id);
      const again = await api.admin.post('/admin/users', { org_id: '', email_address: email });
      expect([again.status, again.json['Code']]).toEqual([403, 'email_conflict']);
    });

    it.each([
      ['user_permissions', { user_permissions: { apis: 'write' } }],
      ['user_permissions', { user_permissions: {} }],
      ['group_ids[0]', { group_ids: ['54b53d3aeba6db5c35000002'] }],
      ['org_id', { org_id: '0'.repeat(24) }],
      ['password', { password: 'password1' }],
    ])('is refused with another %s than fits: %j', async (path, fields) => {
      const email = `${unique('super')}@castellan.example`;
      const reply = await api.admin.post('/admin/users', { org_id: '', email_address: email, ...fields });
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
      const found = listOf(expectOk(await api.admin.get('/admin/users?p=-1')).json['users']);
      expect(found.map((one) => textOf(one['email_address']))).not.toContain(email);
    });

    it('is changed by the operator, and stays what it is', async () => {
      const { id, email } = await superUser();
      const path = `/admin/users/${id}`;
      const change = expectOk(await api.admin.put(path, { last_name: 'Lovelace', org_id: '' }));
      expect(change.json['Meta']).toMatchObject({ id, last_name: 'Lovelace', org_id: '' });
      for (const fields of [{ user_permissions: { apis: 'read' } }, { org_id: acme.id }, { group_ids: [id] }]) {
        expect((await api.admin.put(path, { email_address: email, ...fields })).status).toBe(400);
      }
      const stale = await api.admin.put(path, { last_name: 'x' }, { headers: { 'if-match': '"1"' } });
      expect(stale.status).toBe(412);
      expect((await acme.admin.client.put(path, { last_name: 'x' })).status).toBe(401);
    });

    it('takes an id from no organisation: none can have that of nobody', async () => {
      const reply = await api.admin.post('/admin/organisations/import', { id: '0'.repeat(24), owner_name: 'Nobody' });
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'id']);
    });

    it('names the organisation in a header, or as org_id in the body, and is told the choice where nothing else tells it', async () => {
      const { client } = await superUser();
      const hook = { name: unique('hook'), method: 'POST', target_path: 'http://hook.example/' };
      const unsaid = await client.post('/api/hooks', hook);
      expect([unsaid.status, unsaid.json['Code']]).toEqual([400, 'organisation_needed']);
      const choice = listOf(unsaid.json['Meta']?.['organisations']).map((one) => one['org_id']);
      expect(new Set(choice)).toEqual(new Set([acme.id, other.id]));
      for (const id of ['54b53d3aeba6db5c35000002', '0'.repeat(24), 'acme']) {
        expect((await inside(client, { ...acme, id }).get('/api/apis')).status).toBe(400);
      }
      const name = unique('named');
      const api_definition = anApiDefinition({ name, org_id: other.id });
      const made = expectOk(await client.post('/api/apis', { api_definition }));
      const path = `/api/apis/${textOf(made.json['Meta'])}`;
      expect((await inside(client, other).get(path)).status).toBe(200);
      expect((await inside(client, acme).get(path)).status).toBe(404);
      // The header is what counts.
      const both = await inside(client, acme).put(path, { api_definition, org_id: other.id });
      expect(both.status).toBe(404);
      expect(listOf(expectOk(await inside(client, acme).get('/api/apis?p=-1')).json['apis'])).toEqual([]);
    });

    it('lets nobody else come to another organisation by the header', async () => {
      const { client } = acme.admin;
      const foreign = await inside(client, other).get('/api/apis');
      const unknown = await inside(client, { ...acme, id: '54b53d3aeba6db5c35000002' }).get('/api/apis');
      expect([foreign.status, foreign.json['Errors']]).toEqual([400, unknown.json['Errors']]);
      expect((await inside(client, acme).get('/api/apis')).status).toBe(200);
      const made = expectOk(await client.post('/api/apis', { api_definition: anApiDefinition({ org_id: other.id }) }));
      expect((await client.get(`/api/apis/${textOf(made.json['Meta'])}`)).status).toBe(200);
    });

    it('leaves a record of each act in the organisation, under the own name, and of refused ones', async () => {
      const { client, email } = await superUser();
      const here = inside(client, other);
      const before = (await audits(acme.admin.client, '/api/audit-logs?p=-1')).length;
      const hook = { name: unique('hook'), method: 'POST', target_path: 'http://hook.example/' };
      expectOk(await here.post('/api/hooks', hook));
      expect((await here.post('/api/hooks', { ...hook, method: 'JUMP' })).status).toBe(400);
      const logged = await audits(other.admin.client, `/api/audit-logs?p=-1&user=${encodeURIComponent(email)}`);
      expect(logged).toEqual([
        [email, 'Create Hook', 400],
        [email, 'Create Hook', 200],
      ]);
      expect(await audits(acme.admin.client, '/api/audit-logs?p=-1')).toHaveLength(before);
      const installation = await audits(api.admin, '/admin/audit-logs?p=-1&org_id=none');
      expect(installation).toContainEqual(['admin', 'Create User', 200]);
    });

    it.each([[''], [null], [' '], [[]], ['other'], ['0'.repeat(24)], [{ $ne: '' }]])(
      'is nobody whom an organisation makes: with the org_id %j people are of the own one, or are not made',
      async (sent) => {
        const org_id = sent === 'other' ? other.id : sent;
        const { client, id } = acme.admin;
        const email_address = `${unique('made')}@acme.example`;
        const made = await client.post('/api/users', {
          ...{ email_address, org_id, user_permissions: { IsAdmin: 'admin' } },
        });
        const changed = await client.put(`/api/users/${id}`, { org_id });
        for (const { status } of [made, changed]) expect([200, 400]).toContain(status);
        const { json } = expectOk(await client.get('/api/users?p=-1'));
        expect(new Set(listOf(json['users']).map((user) => user['org_id']))).toEqual(new Set([acme.id]));
        const isThere = listOf(json['users']).some((user) => textOf(user['email_address']) === email_address);
        expect(isThere).toBe(made.status === 200);
        const keys = [acme.admin.accessKey, ...(made.status === 200 ? [textOf(made.json['AccessKey'])] : [])];
        for (const authorization of keys) {
          const author = api.anonymous.with({ authorization });
          expect(expectOk(await author.get('/api/users/me')).json['org_id']).toBe(acme.id);
          expect((await inside(author, other).get('/api/users')).status).toBe(400);
        }
        const found = await api.admin.get(`/admin/users?super=true&p=-1`);
        expect(expectOk(found).text).not.toContain(email_address);
      },
    );

    it('makes users of the organisation, and no super users', async () => {
      const { client } = await superUser();
      const here = inside(client, other);
      const body = { email_address: `${unique('made')}@acme.example`, user_permissions: { IsAdmin: 'admin' } };
      const refused = await here.post('/api/users', { ...body, org_id: '' });
      expect([refused.status, listOf(refused.json['Errors'])[0]?.['path']]).toEqual([400, 'org_id']);
      for (const org_id of [null, acme.id, undefined]) {
        const email_address = `${unique('made')}@acme.example`;
        const made = expectOk(await here.post('/api/users', { ...body, email_address, org_id }));
        const user = expectOk(await here.get(`/api/users/${textOf(made.json['Meta'])}`));
        expect(user.json['org_id']).toBe(other.id);
        const changed = { email_address, org_id: '', user_permissions: { IsAdmin: 'admin' } };
        expectOk(await here.put(`/api/users/${textOf(made.json['Meta'])}`, changed));
        expect(expectOk(await here.get(`/api/users/${textOf(made.json['Meta'])}`)).json['org_id']).toBe(other.id);
      }
    });

    it('is not seen, touched or counted by any organisation', async () => {
      const { id, email } = await superUser();
      const { client } = other.admin;
      const path = `/api/users/${id}`;
      for (const status of [
        (await client.get(path)).status,
        (await client.put(path, { active: false })).status,
        (await client.delete(path)).status,
        (await client.put(`${path}/actions/key/reset`)).status,
        (await client.post(`${path}/actions/reset`, { new_password: `${unique('horse')} battery` })).status,
        (await client.get(`/api/sessions?user_id=${id}`)).status,
      ]) {
        expect(status).toBe(404);
      }
      expect(expectOk(await client.get('/api/users?p=-1')).text).not.toContain(email);
      // The last administrator is the last one, whatever super users there are.
      const { admin } = await api.organisation();
      const demoted = await admin.client.put(`/api/users/${admin.id}`, { user_permissions: { apis: 'read' } });
      expect([demoted.status, demoted.json['Code']]).toEqual([409, 'last_administrator']);
    });

    it.each<[string, (id: string) => Promise<unknown>]>([
      ['revoked', async (id) => expectOk(await api.admin.put(`/admin/users/${id}/actions/revoke`))],
      ['switched off', async (id) => expectOk(await api.admin.put(`/admin/users/${id}`, { active: false }))],
      ['removed', async (id) => expectOk(await api.admin.delete(`/admin/users/${id}`))],
    ])('opens nothing on any replica once %s, by key or by session', async (_, end) => {
      const password = `${unique('horse')} battery`;
      const { id, email, accessKey } = await superUser({ password });
      const client = inside(replica.anonymous.with({ authorization: accessKey }), acme);
      const browser = new Browser(replica.anonymous);
      expectOk(await browser.logIn({ username: email, password }));
      const named = { 'x-castellan-organisation': acme.id };
      expectOk(await client.get('/api/apis'));
      expectOk(await browser.call('GET', '/api/apis', undefined, named));
      await end(id);
      expect((await client.get('/api/apis')).status).toBe(401);
      expect((await browser.call('GET', '/api/apis', undefined, named)).status).toBe(401);
    });

    it('gets a new access key from the operator or by the own hand, and the old one is over', async () => {
      const { id, accessKey } = await superUser();
      const keyed = (key: string) => inside(api.anonymous.with({ authorization: key }), acme);
      const given = expectOk(await api.admin.put(`/admin/users/${id}/actions/key/reset`));
      const second = textOf(given.json['AccessKey']);
      expect((await keyed(accessKey).get('/api/apis')).status).toBe(401);
      const own = textOf(expectOk(await keyed(second).put('/api/users/me/actions/key/reset')).json['AccessKey']);
      expect((await keyed(second).get('/api/apis')).status).toBe(401);
      expectOk(await keyed(own).get('/api/apis'));
      const { json } = expectOk(await keyed(own).get('/api/users/me/permissions'));
      expect(json['administrator']).toBe(true);
    });

    it('sees and ends its own sessions, naming an organisation or none, and nobody else’s', async () => {
      const password = `${unique('horse')} battery`;
      const [mine, stranger] = [await superUser({ password }), await superUser({ password })];
      const browsers = [new Browser(api.anonymous), new Browser(api.anonymous), new Browser(api.anonymous)] as const;
      const [browser, second, third] = browsers;
      for (const one of browsers) {
        const came = expectOk(await one.logIn({ username: mine.email, password }));
        expect(came.json['Meta']).toMatchObject({ user_id: mine.id, org_id: '' });
      }
      const theirs = new Browser(api.anonymous);
      expectOk(await theirs.logIn({ username: stranger.email, password }));
      const idOf = async (one: Browser) =>
        textOf(expectOk(await one.call('GET', '/api/sessions/current')).json['session']?.['id']);
      const ids = [await idOf(browser), await idOf(second), await idOf(third)];
      const listed = listOf(expectOk(await browser.call('GET', '/api/sessions')).json['sessions']);
      expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids));
      const named = { 'x-castellan-organisation': acme.id };
      expectOk(await browser.call('DELETE', `/api/sessions/${ids[1] ?? ''}`, undefined, named));
      expect((await second.call('GET', '/api/users/me')).status).toBe(401);
      const elsewhere = `/api/sessions/${await idOf(theirs)}`;
      expect((await browser.call('DELETE', elsewhere, undefined, named)).status).toBe(404);
      expect((await browser.call('GET', `/api/sessions?user_id=${stranger.id}`, undefined, named)).status).toBe(404);
      expect((await browser.call('DELETE', `/api/sessions?user_id=${stranger.id}`)).status).toBe(400);
      expect(expectOk(await browser.call('DELETE', '/api/sessions')).json['Meta']).toEqual({ ended: 1 });
      expect((await third.call('GET', '/api/users/me')).status).toBe(401);
      expectOk(await theirs.call('GET', '/api/users/me'));
    });

    it('works in a browser as everybody does: with the token of the page, and one organisation a request', async () => {
      const password = `${unique('horse')} battery`;
      const { email } = await superUser({ password });
      const browser = new Browser(api.anonymous);
      expectOk(await browser.logIn({ username: email, password }));
      expect((await browser.call('GET', '/api/export')).status).toBe(400);
      const hook = { name: unique('hook'), method: 'POST', target_path: 'http://hook.example/' };
      const named = { 'x-castellan-organisation': other.id };
      const forged = await browser.call('POST', '/api/hooks', hook, { ...named, 'x-csrf-token': '' });
      expect(forged.status).toBe(403);
      expectOk(await browser.call('POST', '/api/hooks', hook, named));
      const renewed = { current_password: password, new_password: `${unique('horse')} staple` };
      expectOk(await browser.call('POST', '/api/users/me/actions/reset', renewed, named));
      expectOk(await browser.logIn({ username: email, password: renewed.new_password }));
    });
  });
});
