import { getConnectionToken } from '@nestjs/mongoose';
import type { Redis } from 'ioredis';
import { Types, type Connection } from 'mongoose';
import { REDIS } from '@castellan/delivery';
import { listOf, textOf, unique, type HttpClient } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

describe('single sign-on by nonces', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const newUser = async (permissions: Readonly<Record<string, string>>, fields: object = {}) => {
    const email = `${unique('user')}@acme.example`;
    const sent = { email_address: email, org_id: organisation.id, user_permissions: permissions, ...fields };
    const { json } = expectOk(await api.admin.post('/admin/users', sent));
    const client = api.anonymous.with({ authorization: textOf(json['Message']) });
    return { email, id: textOf(json['Meta']?.['id']), client };
  };
  const wish = (email: string, fields: object = {}) => ({
    ForSection: 'dashboard',
    OrgID: organisation.id,
    EmailAddress: email,
    GroupID: '',
    GroupsIDs: null,
    ...fields,
  });
  const mint = async (client: HttpClient, path: string, body: object): Promise<string> =>
    textOf(expectOk(await client.post(path, body)).json['Meta']);
  const tap = async (nonce: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') => {
    const browser = new Browser(api.anonymous);
    const reply = await browser.call(method, `/tap?nonce=${encodeURIComponent(nonce)}`, undefined, headers);
    return { browser, reply, status: reply.status };
  };
  const setUser = (id: string, fields: object) =>
    api.app
      .get<Connection>(getConnectionToken())
      .collection('users')
      .updateOne({ _id: new Types.ObjectId(id) }, { $set: fields });

  it('give nobody another way in: a first password of one’s own takes an administrator who allows it', async () => {
    const user = await newUser({ apis: 'read' });
    const { browser } = await tap(await mint(organisation.admin.client, '/api/sso', wish(user.email)));
    const { json } = expectOk(await browser.call('GET', '/api/sessions/current'));
    const headers = { 'x-csrf-token': textOf(json['csrf_token']) };
    const body = { new_password: 'a lake, a lamp and a ladder' };
    const reset = () => browser.call('POST', '/api/users/me/actions/reset', body, headers);
    const refused = await reset();
    expect([refused.status, refused.json['Message']]).toEqual([403, expect.stringContaining('single sign-on')]);
    expectOk(await api.admin.put(`/admin/users/${user.id}/actions/allow_reset_passwords`));
    expectOk(await reset());
  });

  it.each(['/api/sso', '/admin/sso'])('let a user in once: %s', async (path) => {
    const user = await newUser({ apis: 'read' });
    const client = path === '/api/sso' ? organisation.admin.client : api.admin;
    const reply = expectOk(await client.post(path, wish(user.email.toUpperCase())));
    const nonce = textOf(reply.json['Meta']);
    expect(reply.text).toBe(`{"Status":"OK","Message":"SSO Nonce created","Meta":"${nonce}"}`);
    expect(Buffer.from(nonce, 'base64').toString()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);

    expect((await tap(nonce, {}, 'HEAD')).status).toBe(403);
    expect((await tap(nonce, { 'sec-purpose': 'prefetch' })).status).toBe(403);
    const all = await Promise.all(Array.from({ length: 5 }, () => tap(nonce)));
    const [first, ...others] = all.filter(({ status }) => status === 302);
    expect(others).toEqual([]);
    expect(first?.reply.headers.get('location')).toBe('/');
    expect(first?.reply.headers.get('referrer-policy')).toBe('no-referrer');
    expect(first?.reply.headers.get('cache-control')).toBe('no-store');
    const current = expectOk((await first?.browser.call('GET', '/api/sessions/current')) ?? reply);
    expect(current.json).toMatchObject({ email_address: user.email, session: { method: 'sso' } });
    expect((await tap(nonce)).status).toBe(401);
  });

  it('give the rights of the groups that they name, in that session and as long as the groups have them', async () => {
    const user = await newUser({ hooks: 'read' });
    const makeGroup = async (rights: object): Promise<string> => {
      const body = { name: unique('group'), user_permissions: rights };
      return textOf(expectOk(await organisation.admin.client.post('/api/usergroups', body)).json['Meta']);
    };
    const [one, two] = [await makeGroup({ apis: 'read' }), await makeGroup({ policies: 'read' })];
    const named = wish(user.email, { GroupID: one.toUpperCase(), GroupsIDs: [two, ''] });
    const { browser } = await tap(await mint(organisation.admin.client, '/api/sso', named));
    const statuses = async () => {
      const paths = ['/api/hooks', '/api/apis', '/api/portal/policies', '/api/users'];
      return Promise.all(paths.map(async (path) => (await browser.call('GET', path)).status));
    };
    expect(await statuses()).toEqual([200, 200, 200, 403]);
    expect((await user.client.get('/api/apis')).status).toBe(403);
    expectOk(await organisation.admin.client.put(`/api/usergroups/${one}`, { user_permissions: { keys: 'read' } }));
    expectOk(await organisation.admin.client.delete(`/api/usergroups/${two}`));
    expect(await statuses()).toEqual([200, 403, 403, 403]);

    const late = await mint(api.admin, '/admin/sso', wish(user.email, { GroupID: one }));
    expectOk(await organisation.admin.client.delete(`/api/usergroups/${one}`));
    expect((await tap(late)).status).toBe(403);
    const foreign = await api.organisation();
    const elsewhere = await foreign.admin.client.post('/api/usergroups', {
      name: 'x',
      user_permissions: { apis: 'read' },
    });
    const refused = await api.admin.post('/admin/sso', wish(user.email, { GroupID: textOf(elsewhere.json['Meta']) }));
    expect([refused.status, refused.json['Errors']?.[0]?.['path']]).toEqual([400, 'GroupID']);
  });

  it('end after a minute, and are kept as hashes alone', async () => {
    const { email } = await newUser({ apis: 'read' });
    const nonce = await mint(api.admin, '/admin/sso', wish(email));
    const redis = api.app.get<Redis>(REDIS);
    const keys = await redis.keys('castellan:sso:*');
    const lifetimes = await Promise.all(keys.map((key) => redis.ttl(key)));
    expect(Math.max(...lifetimes)).toBeLessThanOrEqual(60);
    expect(Math.min(...lifetimes)).toBeGreaterThan(0);
    expect(keys.join()).not.toContain(nonce);
    await redis.del(keys);
    expect((await tap(nonce)).status).toBe(401);
  });

  it('are of the own organisation, whatever is asked for', async () => {
    const { email } = await newUser({ apis: 'read' });
    const other = await api.organisation();
    const nonce = await mint(other.admin.client, '/api/sso', wish(email));
    expect((await tap(nonce)).status).toBe(403);
  });

  it('let nobody in who is inactive, unknown, or meant for the portal', async () => {
    const inactive = await newUser({ apis: 'read' }, { active: false });
    const [, ...rest] = ['', inactive.email, `${unique('nobody')}@acme.example`];
    for (const email of rest) expect((await tap(await mint(api.admin, '/admin/sso', wish(email)))).status).toBe(403);
    const { email } = await newUser({ apis: 'read' });
    const portal = await mint(api.admin, '/admin/sso', wish(email, { ForSection: 'portal' }));
    expect((await tap(portal)).status).toBe(401);
  });

  it('hold only as long as their maker has all rights of whom they let in', async () => {
    const maker = await newUser({ IsAdmin: 'admin' });
    const user = await newUser({ apis: 'read' });
    const [one, two] = [
      await mint(maker.client, '/api/sso', wish(user.email)),
      await mint(maker.client, '/api/sso', wish(user.email)),
    ];
    await setUser(maker.id, { grants: { apis: 'write', idm: 'write' } });
    expect((await tap(one)).status).toBe(403);
    await setUser(maker.id, { active: false, grants: { IsAdmin: 'admin' } });
    expect((await tap(two)).status).toBe(403);
  });

  it('are made by administrators and the operator alone', async () => {
    const { email } = await newUser({ apis: 'read' });
    const manager = await newUser({ idm: 'write', users: 'write' });
    expect((await manager.client.post('/api/sso', wish(email))).status).toBe(403);
    expect((await (await newUser({ idm: 'read' })).client.post('/api/sso', wish(email))).status).toBe(403);
    expect((await api.anonymous.post('/api/sso', wish(email))).status).toBe(401);
    expect((await api.anonymous.post('/admin/sso', wish(email))).status).toBe(401);
  });

  it.each([
    ['ForSection', 'both'],
    ['EmailAddress', ''],
    ['EmailAddress', 'nobody'],
    ['OrgID', '0'.repeat(24)],
    ['OrgID', ''],
    ['GroupID', '0'.repeat(24)],
    ['GroupID', ['0'.repeat(24)]],
    ['GroupsIDs', ['0'.repeat(24)]],
    ['GroupsIDs', 'all'],
    ['SSOOnlyForRegisteredUsers', 'yes'],
    ['UserNotAllowed', true],
    ['UserNotAllowed', 'no'],
  ])('are not made with %s %j', async (field, value) => {
    const reply = await api.admin.post('/admin/sso', wish('a@b.c', { [field]: value }));
    expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, field]);
  });

  it('give nothing by what an administrator writes into them but the groups of the own organisation', async () => {
    const { client } = organisation.admin;
    const foreign = await api.organisation();
    const group = await foreign.admin.client.post('/api/usergroups', {
      ...{ name: unique('group'), user_permissions: { IsAdmin: 'admin' } },
    });
    const foreignGroup = textOf(expectOk(group).json['Meta']);
    const { email } = await newUser({ apis: 'read' });
    for (const [field, value] of [
      ['GroupID', foreignGroup],
      ['GroupID', [foreignGroup]],
      ['GroupsIDs', [foreignGroup]],
      ['GroupID', 'f'.repeat(24)],
      ['EmailAddress', [email]],
      ['EmailAddress', { $ne: '' }],
      ['OrgID', [foreign.id]],
    ] as const) {
      const reply = await client.post('/api/sso', wish(email, { [field]: value }));
      expect([field, reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([field, 400, field]);
    }
    for (const fields of [{}, { OrgID: foreign.id }, { GroupID: '', GroupsIDs: [] }, { GroupID: null }]) {
      const { browser, status } = await tap(await mint(client, '/api/sso', wish(email, fields)));
      expect(status).toBe(302);
      const paths = ['/api/apis', '/api/users', '/api/hooks'];
      const statuses = await Promise.all(paths.map(async (path) => (await browser.call('GET', path)).status));
      expect(statuses).toEqual([200, 403, 403]);
      expect(expectOk(await browser.call('GET', '/api/users/me')).json['org_id']).toBe(organisation.id);
    }
    const superUser = await api.superUser();
    const inside = { headers: { 'x-castellan-organisation': organisation.id } };
    const superEmail = textOf(expectOk(await superUser.client.get('/api/users/me', inside)).json['email_address']);
    const stranger = `${unique('stranger')}@acme.example`;
    for (const [who, fields] of [
      [superEmail, {}],
      [stranger, { SSOOnlyForRegisteredUsers: true }],
      [stranger, { SSOOnlyForRegisteredUsers: false }],
    ] as const) {
      expect((await tap(await mint(client, '/api/sso', wish(who, fields)))).status).toBe(403);
    }
  });

  it('open the organisation that they name and no other that has the same address', async () => {
    const other = await api.organisation();
    const { email, id } = await newUser({ apis: 'read' });
    const there = { email_address: email, org_id: other.id, user_permissions: { IsAdmin: 'admin' } };
    expectOk(await api.admin.post('/admin/users', there));
    const { browser } = await tap(await mint(organisation.admin.client, '/api/sso', wish(email, { OrgID: other.id })));
    expect(expectOk(await browser.call('GET', '/api/users/me')).json).toMatchObject({ id, org_id: organisation.id });
    expect((await browser.call('GET', '/api/users')).status).toBe(403);
  });

  it('leave who made them and who came in, and never themselves, in the audit log', async () => {
    const { email } = await newUser({ apis: 'read' });
    const nonce = await mint(organisation.admin.client, '/api/sso', wish(email));
    await tap(nonce);
    const { json, text } = expectOk(await organisation.admin.client.get('/api/audit-logs?p=-1&method=POST'));
    expect(listOf(json['audit_logs']).map((entry) => entry['action'])).toContain('Create SSO Nonce');
    const logins = expectOk(await organisation.admin.client.get(`/api/audit-logs?p=-1&user=${email}`));
    expect(listOf(logins.json['audit_logs'])).toMatchObject([{ action: 'Login', status: 200 }]);
    expect(text + logins.text).not.toContain(nonce);
    expect((await api.anonymous.get('/tap')).status).toBe(400);
  });
});
