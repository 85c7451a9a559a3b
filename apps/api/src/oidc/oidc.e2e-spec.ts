import { generateKeyPair } from 'jose';
import { eventually, listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { expectOk, type ApiUnderTest, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';
import { clientSecret, type TestIdentityProvider } from '../../test/identity-provider';
import { OidcLogins } from '../../test/oidc-logins';

describe('logins by OpenID Connect', () => {
  let logins: OidcLogins;
  let api: ApiUnderTest;
  let idp: TestIdentityProvider;
  let organisation: TestOrganisation;
  let providerId: string;
  let [editors, readers] = ['', ''];

  beforeAll(async () => {
    logins = await OidcLogins.start();
    ({ api, idp, organisation, providerId, editors, readers } = logins);
  });
  afterAll(() => logins.stop());
  beforeEach(() => configure({}));

  const provider = (fields?: Readonly<Record<string, unknown>>) => logins.provider(fields);
  const configure = (fields: Readonly<Record<string, unknown>>) => logins.configure(fields);
  const someone = (claims?: Readonly<Record<string, unknown>>) => logins.someone(claims);
  const begin = (browser: Browser) => logins.begin(browser);
  const logIn = (subject: string, browser?: Browser, next?: string) => logins.logIn(subject, browser, next);
  const userOf = (subject: string) => logins.userOf(subject);
  const groupsOf = (subject: string) => logins.groupsOf(subject);

  it('make a user of whoever comes for the first time, with the groups that the claim stands for, and no more rights', async () => {
    const subject = someone({ groups: ['editors', 'readers', 'admin'] });
    const browser = new Browser(api.anonymous);
    const reply = await logIn(subject, browser, '/apis?x=1');
    expect([reply.status, reply.headers.get('location')]).toEqual([302, '/apis?x=1']);
    expect(reply.headers.getSetCookie().join()).toMatch(/castellan-session=[^;]+;.*HttpOnly/);
    expect((await browser.call('GET', '/api/apis')).status).toBe(200);
    expect((await browser.call('GET', '/api/users')).status).toBe(403);
    expect(new Set(await groupsOf(subject))).toEqual(new Set([editors, readers]));
    const [session] = listOf(expectOk(await browser.call('GET', '/api/sessions')).json['sessions']);
    expect(session).toMatchObject({ method: 'oidc' });
    const log = listOf(expectOk(await organisation.admin.client.get('/api/audit-logs?p=-1')).json['audit_logs']);
    const own = log.filter((one) => textOf(one['action']) === 'Login by OpenID Connect').map(({ user }) => user);
    expect(own).toContain('identity provider Accounts');
    const record = (await userOf(subject)) ?? {};
    const again = await logIn(subject);
    expect([again.status, (await userOf(subject))?.['id']]).toEqual([302, record['id']]);
  });

  it('follow the groups of the provider at each login, and leave those that were given by hand', async () => {
    const subject = someone({ groups: ['editors'] });
    const earlier = new Browser(api.anonymous);
    const reads = async () => (await earlier.call('GET', '/api/apis')).status;
    await logIn(subject, earlier);
    const id = textOf((await userOf(subject))?.['id']);
    const byHand = await logins.group({ hooks: 'read' });
    expectOk(await organisation.admin.client.put(`/api/users/${id}`, { group_ids: [editors, byHand] }));
    idp.people.set(subject, { ...idp.people.get(subject), groups: ['readers'] });
    expect(await reads()).toBe(200);
    await logIn(subject);
    // With the next login the group is gone from the session that was open before, too.
    expect(await reads()).toBe(403);
    expect(new Set(await groupsOf(subject))).toEqual(new Set([byHand, readers]));
    idp.people.set(subject, { ...idp.people.get(subject), groups: [] });
    expect((await logIn(subject)).status).toBe(302);
    expect(await groupsOf(subject)).toEqual([byHand]);
  });

  it('let nobody in without a group that gives something, and take the rights that the last group gave', async () => {
    const stranger = someone({ groups: ['admin', 'Administrators'] });
    expect((await logIn(stranger)).status).toBe(403);
    expect(await userOf(stranger)).toBeUndefined();
    const subject = someone();
    await logIn(subject);
    idp.people.set(subject, { ...idp.people.get(subject), groups: undefined });
    expect((await logIn(subject)).status).toBe(403);
    expect(await groupsOf(subject)).toEqual([]);
  });

  it('make nobody where that is off, and let inactive users stay outside', async () => {
    await configure({ create_users: false });
    expect((await logIn(someone())).status).toBe(403);
    await configure({});
    const subject = someone();
    await logIn(subject);
    const id = textOf((await userOf(subject))?.['id']);
    expectOk(await organisation.admin.client.put(`/api/users/${id}`, { active: false }));
    expect((await logIn(subject)).status).toBe(403);
  });

  it('know people by their subject; an address leads to a user only where that is on and the provider vouches for it', async () => {
    const email = `${unique('local')}@acme.example`;
    const body = { email_address: email, user_permissions: { apis: 'read' } };
    const made = expectOk(await organisation.admin.client.post('/api/users', body));
    const id = textOf(made.json['Meta']);
    for (const [settings, claims] of [
      [{}, { email }],
      [{ link_users: true }, { email, email_verified: false }],
      [{ link_users: true }, { email, email_verified: 'true' }],
    ]) {
      await configure(settings ?? {});
      expect((await logIn(someone(claims))).status).toBe(403);
    }
    await configure({ link_users: true });
    const first = someone({ email });
    expect((await logIn(first)).status).toBe(302);
    // Somebody else with the same address is not the same person.
    expect((await logIn(someone({ email }))).status).toBe(403);
    // The address at the provider may change, the person stays.
    idp.people.set(first, { ...idp.people.get(first), email: `${unique('new')}@acme.example` });
    const browser = new Browser(api.anonymous);
    expect((await logIn(first, browser)).status).toBe(302);
    expect(expectOk(await browser.call('GET', '/api/users/me')).json).toMatchObject({ id, email_address: email });
  });

  it('take nobody for somebody else by a name, an address that nobody vouches for, or one of another organisation', async () => {
    await configure({ link_users: true, default_groups: [readers] });
    const { id, client } = organisation.admin;
    const email = textOf(expectOk(await client.get('/api/users/me')).json['email_address']);
    const own = () => `${unique('own')}@acme.example`;
    const superUser = await api.superUser();
    const superEmail = textOf(
      expectOk(
        await superUser.client.get('/api/users/me', { headers: { 'x-castellan-organisation': organisation.id } }),
      ).json['email_address'],
    );
    const names = { preferred_username: email, name: email, nickname: email, upn: email, unique_name: email };
    for (const [status, claims] of [
      [403, { email, email_verified: undefined, tid: 'another tenant' }],
      [403, { email, email_verified: false }],
      [403, { email, email_verified: 'false' }],
      [403, { email: undefined, ...names }],
      [302, { email: own(), ...names }],
      [302, { email: superEmail }],
    ] as const) {
      const browser = new Browser(api.anonymous);
      expect((await logIn(someone(claims), browser)).status).toBe(status);
      const me = await browser.call('GET', '/api/users/me');
      expect(me.status).toBe(status === 302 ? 200 : 401);
      expect([id, superUser.id]).not.toContain(me.json['id']);
      expect((await browser.call('GET', '/api/users')).status).toBe(status === 302 ? 403 : 401);
    }
    idp.people.set(email, { ...idp.people.get(someone()), email: own() });
    const browser = new Browser(api.anonymous);
    expect((await logIn(email, browser)).status).toBe(302);
    expect(expectOk(await browser.call('GET', '/api/users/me')).json['id']).not.toBe(id);
  });

  it('know a person whose address is that of somebody else by now, and merge nobody with anybody', async () => {
    await configure({ link_users: true });
    const [subject, other] = [someone(), someone({ groups: ['readers'] })];
    for (const one of [subject, other]) await logIn(one);
    const [before, theirs] = [await userOf(subject), await userOf(other)];
    const email = textOf(theirs?.['email_address']);
    idp.people.set(subject, { ...idp.people.get(subject), email });
    const browser = new Browser(api.anonymous);
    expect((await logIn(subject, browser)).status).toBe(302);
    expect(expectOk(await browser.call('GET', '/api/users/me')).json).toMatchObject({
      id: before?.['id'],
      email_address: before?.['email_address'],
    });
    expect(await userOf(other)).toEqual(theirs);
    expect(await groupsOf(other)).toEqual([readers]);
    // Whoever comes anew with an address that is taken does not come in, and the audit log says why.
    expect((await logIn(someone({ email }))).status).toBe(403);
    const { json } = expectOk(await organisation.admin.client.get('/api/audit-logs?p=-1&status=403'));
    expect(textOf(listOf(json['audit_logs'])[0]?.['refusal'])).toContain(
      'another user of the organisation has the address',
    );
  });

  it('end with one call of an administrator, by session, key and provider, for somebody who left the provider', async () => {
    const subject = someone();
    const browser = new Browser(api.anonymous);
    await logIn(subject, browser);
    const session = expectOk(await browser.call('GET', '/api/sessions/current')).json['session'];
    const hours =
      (Date.parse(textOf(session?.['expires_at'])) - Date.parse(textOf(session?.['created_at']))) / 3_600_000;
    expect(hours).toBe(api.config.sessionHours);
    const { client } = organisation.admin;
    const path = `/api/users/${textOf((await userOf(subject))?.['id'])}`;
    const key = textOf(expectOk(await client.put(`${path}/actions/key/reset`)).json['AccessKey']);
    const byKey = api.anonymous.with({ authorization: key });
    const statuses = async () => [
      (await byKey.get('/api/apis')).status,
      (await browser.call('GET', '/api/apis')).status,
      (await logIn(subject)).status,
    ];
    expect(await statuses()).toEqual([200, 200, 302]);
    expectOk(await client.put(`${path}/actions/revoke`));
    expect(await statuses()).toEqual([401, 401, 403]);
  });

  it('leave what they change of a user in the audit log, before and after, in the name of the provider', async () => {
    const { client } = organisation.admin;
    const email = `${unique('linked')}@acme.example`;
    const made = expectOk(
      await client.post('/api/users', { email_address: email, user_permissions: { hooks: 'read' } }),
    );
    const id = textOf(made.json['Meta']);
    await configure({ link_users: true });
    const subject = someone({ email });
    await logIn(subject);
    idp.people.set(subject, { ...idp.people.get(subject), groups: ['readers'] });
    await logIn(subject);
    const { json } = expectOk(await client.get(`/api/audit-logs?p=-1&resource=${id}`));
    const byProvider = listOf(json['audit_logs']).filter((one) => textOf(one['user']) === 'identity provider Accounts');
    const changes = byProvider.map(({ diff }) =>
      listOf((JSON.parse(textOf(diff)) as JsonReply[])[0]?.['operations']).filter(
        ({ path }) => textOf(path) === '/group_ids/0',
      ),
    );
    expect(changes).toEqual([
      [{ op: 'replace', path: '/group_ids/0', before: editors, value: readers }],
      [{ op: 'add', path: '/group_ids/0', value: editors }],
    ]);
  });

  it('end in the browser that they began in, once', async () => {
    const [mine, other] = [new Browser(api.anonymous), new Browser(api.anonymous)];
    const back = new URL(await idp.logIn(await begin(mine), someone()));
    const path = `${back.pathname}${back.search}`;
    await begin(other);
    expect((await other.call('GET', path)).status).toBe(400);
    expect((await mine.call('GET', path)).status).toBe(400);
    const again = new URL(await idp.logIn(await begin(mine), someone()));
    const foreign = new URL(await idp.logIn(await begin(other), someone()));
    const code = foreign.searchParams.get('code') ?? '';
    again.searchParams.set('code', code);
    // A code of another login does not fit its verifier.
    const mixed = await mine.call('GET', `${again.pathname}${again.search}`);
    expect([mixed.status, mixed.headers.getSetCookie().join().includes('castellan-session=')]).toEqual([401, false]);
    for (const query of ['', '?state=x&code=y', '?error=access_denied']) {
      expect((await mine.call('GET', `${back.pathname}${query}`)).status).toBe(400);
    }
    const ahead = { 'sec-purpose': 'prefetch' };
    expect((await mine.call('GET', `/sso/oidc/${providerId}/login`, undefined, ahead)).status).toBe(403);
    expect((await mine.call('GET', '/sso/oidc/6649fb3e5715ec4c96cbef36/login')).status).toBe(404);
  });

  it.each(['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)'])(
    'lead nobody to %s',
    async (next) => {
      const reply = await logIn(someone(), new Browser(api.anonymous), next);
      expect([reply.status, reply.headers.get('location')]).toEqual([302, '/']);
    },
  );

  it('are over when the provider says so, with a token of its own', async () => {
    const subject = someone();
    const browser = new Browser(api.anonymous);
    await logIn(subject, browser);
    const send = (token: string) => logins.logOut(token);
    const { privateKey } = await generateKeyPair('RS256');
    for (const token of [
      'no token',
      await idp.logoutToken({ sub: subject }, { key: privateKey }),
      await idp.logoutToken({ sub: subject, nonce: 'n' }),
      await idp.logoutToken({}),
      await idp.logoutToken({ sub: subject, events: {} }),
    ]) {
      expect((await send(token)).status).toBe(400);
    }
    expect((await browser.call('GET', '/api/apis')).status).toBe(200);
    const token = await idp.logoutToken({ sub: subject });
    expectOk(await send(token));
    expect((await browser.call('GET', '/api/apis')).status).toBe(401);
    expect((await send(token)).status).toBe(400);
  });

  describe('providers', () => {
    it('are set up by administrators alone, for their own organisation', async () => {
      const path = `/api/identity-providers/${providerId}`;
      const helper = await api.user(organisation.id, { idm: 'write' });
      expect((await helper.client.get(path)).status).toBe(200);
      expect((await helper.client.post('/api/identity-providers', provider())).status).toBe(403);
      expect((await helper.client.put(path, provider())).status).toBe(403);
      expect((await helper.client.delete(path)).status).toBe(403);
      const other = await api.organisation();
      expect((await other.admin.client.get(path)).status).toBe(404);
      expect((await other.admin.client.put(path, provider())).status).toBe(404);
      const foreign = await other.admin.client.post('/api/identity-providers', provider());
      expect([foreign.status, listOf(foreign.json['Errors'])[0]?.['path']]).toEqual([400, 'group_mappings.editors']);
    });

    it('keep their secret to themselves, and keep it when it is not sent', async () => {
      const without = { ...provider(), client_secret: undefined };
      expectOk(await organisation.admin.client.put(`/api/identity-providers/${providerId}`, without));
      const shown = await organisation.admin.client.get(`/api/identity-providers/${providerId}`);
      expect(expectOk(shown).json).toMatchObject({ has_client_secret: true, issuer: idp.issuer });
      const log = await organisation.admin.client.get('/api/audit-logs?p=-1');
      for (const { text } of [shown, log]) expect(text).not.toContain(clientSecret);
      expect((await logIn(someone())).status).toBe(302);
    });

    it.each([
      [{ issuer: 'http://accounts.example' }, 'issuer'],
      [{ issuer: 'https://a:b@accounts.example' }, 'issuer'],
      [{ issuer: 'accounts' }, 'issuer'],
      [{ id_token_alg: 'HS256' }, 'id_token_alg'],
      [{ id_token_alg: 'none' }, 'id_token_alg'],
      [{ scopes: 'email' }, 'scopes'],
      [{ default_groups: ['6649fb3e5715ec4c96cbef36'] }, 'default_groups[0]'],
      [{ name: '' }, 'name'],
    ])('are refused with %j', async (fields, path) => {
      const reply = await organisation.admin.client.post('/api/identity-providers', provider(fields));
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
    });

    it('that cannot be reached are a 503, and let people in again when they can', async () => {
      await configure({ issuer: 'http://127.0.0.1:1' });
      const browser = new Browser(api.anonymous);
      expect((await browser.call('GET', `/sso/oidc/${providerId}/login`)).status).toBe(503);
      await configure({});
      expect((await logIn(someone())).status).toBe(302);
      await configure({ active: false });
      expect((await browser.call('GET', `/sso/oidc/${providerId}/login`)).status).toBe(404);
      await eventually(async () => (await api.anonymous.get('/health/ready')).status === 200);
    });
  });
});
