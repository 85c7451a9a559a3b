import { getConnectionToken } from '@nestjs/mongoose';
import { Types, type Connection } from 'mongoose';
import { listOf, textOf, unique, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser, sessionIds } from '../../test/browser';

const password = 'violet anchors hum beneath paper oceans';
const csrf = [403, 'csrf_failed'];

describe('sessions of browsers', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let email: string;
  let userId: string;
  let accessKey: string;

  const newUser = async (org: string, permissions: Readonly<Record<string, string>>, address?: string) => {
    const given = address ?? `${unique('user')}@acme.example`;
    const created = expectOk(
      await api.admin.post('/admin/users', {
        email_address: given,
        org_id: org,
        password,
        user_permissions: permissions,
      }),
    );
    return { email: given, id: textOf(created.json['Meta']?.['id']), accessKey: textOf(created.json['Message']) };
  };
  const browser = (): Browser => new Browser(api.anonymous);
  const comeIn = async (address = email): Promise<Browser> => {
    const own = browser();
    expectOk(await own.logIn({ email_address: address, password }));
    return own;
  };
  const outcome = ({ status, json }: Reply) => [status, json['Code']];

  beforeAll(async () => {
    api = await ApiUnderTest.start({ TRUST_PROXY: '1' });
    organisation = await api.organisation();
    ({ email, id: userId, accessKey } = await newUser(organisation.id, { IsAdmin: 'admin' }));
  });
  afterAll(() => api.stop());

  describe('begin', () => {
    it('with an address and a password, as JSON', async () => {
      const own = browser();
      const reply = expectOk(await own.logIn({ email_address: email.toUpperCase(), password }));
      expect(reply.json['Meta']).toMatchObject({ user_id: userId, org_id: organisation.id, email_address: email });
      const cookie = reply.headers.getSetCookie().find((line) => line.startsWith('castellan-session='));
      expect(cookie).toMatch(/^castellan-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
      expect((await own.call('GET', '/api/apis')).status).toBe(200);
      expect(reply.headers.get('cache-control')).toBe('no-store');
    });

    it('with a form, which leads to a page of our own', async () => {
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      const send = (next: string) => {
        const form = new URLSearchParams({ username: email, password, next });
        return browser().call('POST', '/login', form.toString(), type);
      };
      const [own, foreign] = [await send('/apis?tab=1'), await send('//evil.example')];
      expect([own.status, own.headers.get('location')]).toEqual([302, '/apis?tab=1']);
      expect([foreign.status, foreign.headers.get('location')]).toEqual([302, '/']);
    });

    it('anew each time, and end the one that the browser had', async () => {
      const own = await comeIn();
      const before = own.cookieHeader;
      expectOk(await own.logIn({ email_address: email, password }));
      expect(own.cookieHeader).not.toBe(before);
      expect((await browser().call('GET', '/api/apis', undefined, { cookie: before })).status).toBe(401);
    });

    it('not from a page of another site', async () => {
      const credentials = { email_address: email, password };
      for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
        const reply = await browser().logIn(credentials, headers);
        expect([...outcome(reply), reply.headers.getSetCookie()]).toEqual([...csrf, []]);
      }
    });

    it.each([
      [{}, 'password'],
      [{ password: 'x' }, 'email_address'],
      [{ email_address: 'a@b.c', password: 7 }, 'password'],
      [{ email_address: 'a@b.c', password: 'x', org_id: 'acme' }, 'org_id'],
    ])('not with %j', async (body, path) => {
      const reply = await browser().logIn(body);
      expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, path]);
    });
  });

  describe('of an address that several organisations have', () => {
    it('are of the one that is named, or whose password fits', async () => {
      const other = await api.organisation();
      const shared = `${unique('both')}@acme.example`;
      await newUser(organisation.id, { apis: 'read' }, shared);
      await newUser(other.id, { apis: 'read' }, shared);
      const unsaid = await browser().logIn({ email_address: shared, password });
      expect(outcome(unsaid)).toEqual([409, 'organisation_needed']);
      const choices = listOf(unsaid.json['Meta']?.['organisations']).map((choice) => choice['org_id']);
      expect([...choices].sort()).toEqual([organisation.id, other.id].sort());
      const said = expectOk(await browser().logIn({ email_address: shared, password, org_id: other.id }));
      expect(said.json['Meta']?.['org_id']).toBe(other.id);
      const wrong = await browser().logIn({ email_address: shared, password: 'wrong', org_id: other.id });
      expect(outcome(wrong)).toEqual([401, 'unauthorised']);
    });
  });

  describe('are refused', () => {
    it('in the same words to strangers, wrong passwords, users without one, and inactive ones', async () => {
      const inactive = `${unique('gone')}@acme.example`;
      const fields = { org_id: organisation.id, user_permissions: { apis: 'read' } };
      expectOk(await api.admin.post('/admin/users', { ...fields, email_address: inactive, password, active: false }));
      const keyOnly = `${unique('key')}@acme.example`;
      expectOk(await api.admin.post('/admin/users', { ...fields, email_address: keyOnly }));
      const replies = await Promise.all([
        browser().logIn({ email_address: `${unique('nobody')}@acme.example`, password }),
        browser().logIn({ email_address: email, password: `${password}!` }),
        browser().logIn({ email_address: inactive, password }),
        browser().logIn({ email_address: keyOnly, password: '' }),
      ]);
      const said = replies.map(({ status, json, headers }) => ({
        status,
        message: json['Message'],
        cookies: headers.getSetCookie(),
      }));
      const same = { status: 401, message: 'The address or the password is wrong', cookies: [] };
      expect(said).toEqual([same, same, same, same]);
    });

    it('for longer and longer after failures, to the address that fails and to nobody else', async () => {
      const target = await newUser(organisation.id, { apis: 'read' });
      const from = (address: string, secret: string) =>
        browser().logIn({ email_address: target.email, password: secret }, { 'x-forwarded-for': address });
      const known = browser();
      expectOk(await known.logIn({ email_address: target.email, password }, { 'x-forwarded-for': '10.1.1.1' }));
      const burst = await Promise.all(
        Array.from({ length: 30 }, (_, index) => from('10.1.1.1', index === 20 ? password : 'wrong')),
      );
      const statuses = burst.map(({ status }) => status);
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(23);
      const refused = burst.find(({ status }) => status === 429);
      expect(refused?.json['Code']).toBe('too_many_attempts');
      expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect((await from('10.1.1.2', password)).status).toBe(200);
      const again = await known.logIn({ email_address: target.email, password }, { 'x-forwarded-for': '10.1.1.1' });
      expect(again.status).toBe(200);
      const keyed = api.anonymous.with({ authorization: target.accessKey });
      expect((await keyed.get('/api/apis')).status).toBe(200);
    });

    it('and the audit log has who tried, from where, and no password', async () => {
      const name = `${unique('eve')}@evil.example`;
      await browser().logIn({ email_address: email, password: 'a-guess' }, { 'x-forwarded-for': '10.2.2.2' });
      await browser().logIn({ email_address: name, password: 'a-guess' }, { 'x-forwarded-for': '10.2.2.2' });
      const own = await organisation.admin.client.get('/api/audit-logs?p=-1&ip=10.2.2.2');
      const all = await api.admin.get('/admin/audit-logs?p=-1&ip=10.2.2.2');
      expect(listOf(own.json['audit_logs'])).toMatchObject([{ user: email, action: 'Login', status: 401 }]);
      expect(all.text).toContain(name);
      expect(own.text + all.text).not.toContain('a-guess');
    });
  });

  describe('write only from our own pages', () => {
    const hook = { name: 'x' };
    it.each([
      ['no origin', { origin: '' }],
      ['origin null', { origin: 'null' }],
      ['another site', { origin: 'https://good.io.evil' }],
      ['another port', { origin: 'http://127.0.0.1:1' }],
      ['a cross-site browser', { 'sec-fetch-site': 'cross-site' }],
      ['a sibling', { 'sec-fetch-site': 'same-site' }],
      ['no token', { 'x-csrf-token': '' }],
      ['another token', { 'x-csrf-token': 'x' }],
    ])('and not with %s', async (_, headers) => {
      const own = await comeIn();
      expect(outcome(await own.call('POST', '/api/hooks', hook, headers))).toEqual(csrf);
      expect((await own.call('GET', '/api/hooks', undefined, headers)).status).toBe(200);
      const { status } = await own.call('POST', '/api/hooks', hook);
      expect([200, 400]).toContain(status);
    });
  });

  describe('and headers with credentials', () => {
    it.each([
      [{ authorization: 'x' }],
      [{ authorization: ' ' }],
      [{ authorization: 'Bearer ' }],
      [{ 'admin-auth': 'x' }],
    ])('%j decides alone, whatever the cookie is', async (headers) => {
      const own = await comeIn();
      expect((await own.call('GET', '/api/apis', undefined, headers)).status).toBe(401);
    });

    it('a good key counts beside any cookie, and needs no token', async () => {
      const reader = await newUser(organisation.id, { apis: 'read' });
      const own = await comeIn();
      const bare = { authorization: reader.accessKey, origin: '', 'x-csrf-token': '' };
      expect((await own.call('GET', '/api/apis', undefined, bare)).status).toBe(200);
      expect(outcome(await own.call('POST', '/api/hooks', {}, bare))).toEqual([403, 'forbidden']);
      const stale = { authorization: accessKey, cookie: `castellan-session=${'x'.repeat(43)}` };
      expect((await browser().call('GET', '/api/apis', undefined, stale)).status).toBe(200);
    });
  });

  describe('end', () => {
    it('everywhere when the person logs out, and a second time does no harm', async () => {
      const own = await comeIn();
      const cookie = own.cookieHeader;
      expectOk(await own.call('POST', '/logout'));
      expect((await browser().call('GET', '/api/apis', undefined, { cookie })).status).toBe(401);
      expectOk(await own.call('POST', '/logout'));
    });

    it('by a link on our pages, and not by one of another site or a look ahead', async () => {
      const own = await comeIn();
      const strange: Readonly<Record<string, string>>[] = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': '', referer: 'https://evil.example/' },
        { 'sec-purpose': 'prefetch' },
      ];
      for (const headers of strange) {
        expect(outcome(await own.call('GET', '/logout', undefined, headers))).toEqual(csrf);
      }
      expect((await own.call('HEAD', '/logout')).status).toBe(403);
      expect((await own.call('GET', '/api/apis')).status).toBe(200);
      const cookie = own.cookieHeader;
      const reply = await own.call('GET', '/logout');
      expect([reply.status, reply.headers.get('location')]).toEqual([302, '/']);
      expect((await browser().call('GET', '/api/apis', undefined, { cookie })).status).toBe(401);
    });

    it('with the user, whose rights count as they are at each request', async () => {
      const mortal = await newUser(organisation.id, { apis: 'read' });
      const own = await comeIn(mortal.email);
      const rows = api.app.get<Connection>(getConnectionToken()).collection('users');
      const set = (fields: object) => rows.updateOne({ _id: new Types.ObjectId(mortal.id) }, { $set: fields });
      expect((await own.call('GET', '/api/apis')).status).toBe(200);
      await set({ grants: { hooks: 'read' } });
      expect((await own.call('GET', '/api/apis')).status).toBe(403);
      await set({ active: false });
      expect((await own.call('GET', '/api/hooks')).status).toBe(401);
    });
  });

  describe('/api/sessions', () => {
    it('lists one’s own, says which one asks, and ends one or all others', async () => {
      const person = await newUser(organisation.id, { apis: 'read' });
      const [one, two, three] = [await comeIn(person.email), await comeIn(person.email), await comeIn(person.email)];
      const listed = expectOk(await one.call('GET', '/api/sessions'));
      const current = listOf(listed.json['sessions']).filter((session) => Boolean(session['current']));
      expect([sessionIds(listed.json).length, current.length]).toEqual([3, 1]);
      expect(listed.text).not.toMatch(/csrf|token/);
      const own = expectOk(await two.call('GET', '/api/sessions/current'));
      expect(own.json).toMatchObject({ csrf_token: two.token, user_permissions: { apis: 'read' } });
      expectOk(await one.call('DELETE', `/api/sessions/${textOf(own.json['session']?.['id'])}`));
      expect((await two.call('GET', '/api/sessions')).status).toBe(401);
      const ended = expectOk(await one.call('DELETE', '/api/sessions'));
      expect(ended.json['Meta']).toEqual({ ended: 1 });
      expect((await three.call('GET', '/api/sessions')).status).toBe(401);
      expect((await one.call('GET', '/api/sessions')).status).toBe(200);
    });

    it('ends those of others for whoever has their rights, and for nobody else', async () => {
      const person = await newUser(organisation.id, { apis: 'read' });
      const manager = await newUser(organisation.id, { users: 'write', apis: 'read' });
      const weak = await newUser(organisation.id, { apis: 'read' });
      const stranger = (await api.organisation()).admin.client;
      const [session, boss] = [await comeIn(person.email), await comeIn()];
      const idOf = async (own: Browser) => sessionIds((await own.call('GET', '/api/sessions')).json)[0] ?? '';
      const [ofPerson, ofBoss] = [await idOf(session), await idOf(boss)];
      const by = (key: string) => api.anonymous.with({ authorization: key });
      expect((await by(weak.accessKey).delete(`/api/sessions/${ofPerson}`)).status).toBe(403);
      expect((await by(weak.accessKey).get(`/api/sessions?user_id=${person.id}`)).status).toBe(403);
      expect((await by(manager.accessKey).delete(`/api/sessions/${ofBoss}`)).status).toBe(403);
      expect((await by(manager.accessKey).delete(`/api/sessions?user_id=${userId}`)).status).toBe(403);
      expect((await stranger.delete(`/api/sessions/${ofPerson}`)).status).toBe(404);
      expect((await stranger.get(`/api/sessions?user_id=${person.id}`)).status).toBe(404);
      expect((await by(manager.accessKey).delete('/api/sessions/none')).status).toBe(404);
      expect((await by(manager.accessKey).get('/api/sessions?user_id=none')).status).toBe(400);
      expect((await api.anonymous.get('/api/sessions')).status).toBe(401);
      expect((await by(manager.accessKey).get('/api/sessions/current')).status).toBe(404);
      expectOk(await by(manager.accessKey).get(`/api/sessions?user_id=${person.id}`));
      expectOk(await by(manager.accessKey).delete(`/api/sessions/${ofPerson}`));
      expect((await session.call('GET', '/api/apis')).status).toBe(401);
      expect((await boss.call('GET', '/api/apis')).status).toBe(200);
    });
  });
});
