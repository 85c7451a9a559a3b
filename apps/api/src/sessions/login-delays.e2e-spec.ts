import { Secret, TOTP } from 'otpauth';
import { listOf, textOf, unique, type Reply } from '@castellan/testing';
import { Clock } from '@castellan/observability';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

const password = 'violet anchors hum beneath paper oceans';
const second = 1_000;
const minute = 60 * second;

const elsewhere = '10.2.2.2';

describe('as time goes by', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  /** Time stands still but for what tests let pass: a slow machine would have waited for some of the delays. */
  let now = Date.now();
  let offices = 0;
  /** Where the guesser is, together with everybody else of the office; another one for each test. */
  let office = '';

  beforeAll(async () => {
    const sessions = { SESSION_IDLE_MINUTES: '30', SESSION_HOURS: '2' };
    api = await ApiUnderTest.start({ TRUST_PROXY: '1', SECRET_KEY: 'a key that only tests know', ...sessions });
    organisation = await api.organisation();
    jest.spyOn(api.app.get(Clock), 'now').mockImplementation(() => new Date(now));
  });
  afterAll(() => api.stop());
  beforeEach(() => {
    office = `10.1.1.${(offices += 1)}`;
  });
  const pass = (millis: number): void => {
    now += millis;
  };

  const newUser = async (fields: Readonly<Record<string, unknown>> = { password }) => {
    const email = `${unique('user')}@acme.example`;
    const sent = { email_address: email, org_id: organisation.id, user_permissions: { apis: 'read' }, ...fields };
    const created = expectOk(await api.admin.post('/admin/users', sent));
    return { email, id: textOf(created.json['Meta']?.['id']), accessKey: textOf(created.json['Message']) };
  };
  const from = (
    address: string,
    fields: Readonly<Record<string, unknown>>,
    { browser = new Browser(api.anonymous), headers = {} }: { browser?: Browser; headers?: object } = {},
  ): Promise<Reply> => browser.logIn({ password, ...fields }, { 'x-forwarded-for': address, ...headers });
  const guess = (email: string) => from(office, { email_address: email, password: 'a guess' });
  /** Fails until the next attempt of the address at the account has to wait. */
  const annoy = async (email: string): Promise<Reply> => {
    const reply = await guess(email);
    return reply.status === 429 ? reply : annoy(email);
  };
  const comeIn = async (email: string) => {
    const browser = new Browser(api.anonymous);
    expectOk(await from(elsewhere, { email_address: email }, { browser }));
    return browser;
  };

  describe('a session', () => {
    it('that nobody uses is over after CASTELLAN_SESSION_IDLE_MINUTES, and one that is used goes on', async () => {
      const { email } = await newUser();
      const [used, idle] = [await comeIn(email), await comeIn(email)];
      pass(29 * minute);
      expect((await used.call('GET', '/api/apis')).status).toBe(200);
      pass(2 * minute);
      expect((await idle.call('GET', '/api/apis')).status).toBe(401);
      const listed = expectOk(await used.call('GET', '/api/sessions'));
      expect(listOf(listed.json['sessions'])).toHaveLength(1);
    });

    it('is over after CASTELLAN_SESSION_HOURS however much it is used', async () => {
      const { email } = await newUser();
      const browser = await comeIn(email);
      const statuses: number[] = [];
      for (let step = 0; step < 5; step += 1) {
        pass(25 * minute);
        statuses.push((await browser.call('GET', '/api/apis')).status);
      }
      expect(statuses).toEqual([200, 200, 200, 200, 401]);
    });
  });

  describe('wrong passwords', () => {
    it('are answered later and later, from a second to a quarter of an hour', async () => {
      const { email } = await newUser();
      const delays: number[] = [];
      for (let failure = 0; failure < 12; failure += 1) {
        const delay = Number((await annoy(email)).headers.get('retry-after'));
        delays.push(delay);
        pass(delay * second);
      }
      expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    });

    it('are forgotten with the right one', async () => {
      const { email } = await newUser();
      await annoy(email);
      pass(second);
      expectOk(await from(office, { email_address: email }));
      expect((await guess(email)).status).toBe(401);
      expect((await guess(email)).status).toBe(401);
    });

    it('by a flood keep nobody out who comes from elsewhere, or in a browser that was there before', async () => {
      const victims = [await newUser(), await newUser()];
      const browsers = victims.map((victim) => ({ victim, browser: new Browser(api.anonymous) }));
      for (const { victim, browser } of browsers)
        expectOk(await from(office, { email_address: victim.email }, { browser }));
      const flood = Array.from({ length: 60 }, (_, index) => guess(victims[index % 2]?.email ?? ''));
      const others = Array.from({ length: 60 }, () => guess(`${unique('nobody')}@acme.example`));
      const statuses = (await Promise.all([...flood, ...others])).map(({ status }) => status);
      expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(40);
      // The address as a whole has to wait by now; the organisation does not.
      expect((await guess(`${unique('nobody')}@acme.example`)).status).toBe(429);
      for (const { victim, browser } of browsers) {
        expectOk(await from(elsewhere, { email_address: victim.email }));
        expectOk(await from(office, { email_address: victim.email }, { browser }));
      }
    });

    it('of others do not keep out who shows a code of the second factor or the access key, new browser and same address', async () => {
      const { email, accessKey } = await newUser();
      const client = api.anonymous.with({ authorization: accessKey });
      const path = '/api/users/me/second-factor';
      const begun = expectOk(await client.post(path, { current_password: password }));
      const totp = new TOTP({ secret: Secret.fromBase32(textOf(begun.json['Meta']?.['secret'])) });
      const codeAt = (step: number) => totp.generate({ timestamp: now + step * 30 * second });
      const confirmed = expectOk(await client.post(`${path}/confirm`, { code: codeAt(-1) }));
      const [recovery, spare] = listOf(confirmed.json['Meta']?.['recovery_codes']).map(textOf);
      await annoy(email);
      const attempt = (fields: object, headers: object = {}) =>
        from(office, { email_address: email, ...fields }, { headers });
      expect((await attempt({ code: '000000' })).status).toBe(429);
      expect((await attempt({}, { authorization: organisation.admin.accessKey })).status).toBe(429);
      const code = codeAt(1);
      expectOk(await attempt({ code }));
      await annoy(email);
      expect((await attempt({ code })).status).toBe(429);
      expect((await attempt({ code: recovery, password: 'wrong' })).status).toBe(401);
      expectOk(await attempt({ code: recovery }));
      await annoy(email);
      // Whoever has the password must not find the code by trying all of them.
      for (let guesses = 0; guesses < 6; guesses += 1) await attempt({ code: '000000' });
      expect((await attempt({ code: spare })).status).toBe(429);
      const keyed = await attempt({}, { authorization: accessKey });
      expect([keyed.status, keyed.json['Code']]).toEqual([401, 'second_factor_required']);
    });

    it('are not what codes are tried behind, from one address after another, with a password that was stolen', async () => {
      const { email, id, accessKey } = await newUser();
      const client = api.anonymous.with({ authorization: accessKey });
      const path = '/api/users/me/second-factor';
      const begun = expectOk(await client.post(path, { current_password: password }));
      const totp = new TOTP({ secret: Secret.fromBase32(textOf(begun.json['Meta']?.['secret'])) });
      const codeAt = (step: number) => totp.generate({ timestamp: now + step * 30 * second });
      const known = await comeIn(email);
      const confirmed = expectOk(await client.post(`${path}/confirm`, { code: codeAt(-1) }));
      const [recovery] = listOf(confirmed.json['Meta']?.['recovery_codes']).map(textOf);
      let networks = 0;
      const attempt = async (fields: object, browser?: Browser) =>
        (await from(`10.3.3.${(networks += 1)}`, { email_address: email, ...fields }, browser && { browser })).status;
      // Strangers, who have no password, take none of the attempts away.
      for (let tries = 0; tries < 6; tries += 1) await attempt({ code: '000000', password: 'a guess' });
      const tried: number[] = [];
      for (let tries = 0; tries < 7; tries += 1) tried.push(await attempt({ code: '000000' }));
      expect(tried).toEqual([401, 401, 401, 401, 401, 401, 429]);
      expect(await attempt({ code: codeAt(0) })).toBe(429);
      expect(await attempt({ code: recovery })).toBe(200);
      expect(await attempt({ code: codeAt(0) }, known)).toBe(200);
      const entries = expectOk(await organisation.admin.client.get(`/api/audit-logs?p=-1&user=${email}&status=429`));
      expect(listOf(entries.json['audit_logs'])).toHaveLength(1);
      pass(15 * minute);
      expect(await attempt({ code: codeAt(0) })).toBe(200);
      expect((await client.get(`/api/users/me`)).json['id']).toBe(id);
    });

    it('that have to wait are in the audit log once for each delay, however many there are', async () => {
      const { email } = await newUser();
      await annoy(email);
      await Promise.all(Array.from({ length: 20 }, () => guess(email)));
      pass(second);
      await annoy(email);
      const { client } = organisation.admin;
      const log = expectOk(await client.get(`/api/audit-logs?p=-1&user=${encodeURIComponent(email)}&status=429`));
      const records = listOf(log.json['audit_logs']);
      expect(records).toMatchObject([
        { action: 'Login', status: 429, ip: office },
        { action: 'Login', status: 429, ip: office },
      ]);
    });
  });

  describe('behind TLS that a trusted proxy ends', () => {
    const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'castellan.example' };
    const page = { ...proxied, origin: 'https://castellan.example' };

    it('cookies are __Host- and Secure, and the pages are those of the address outside', async () => {
      const { email } = await newUser();
      const browser = new Browser(api.anonymous);
      const reply = expectOk(await browser.logIn({ email_address: email, password }, page));
      const cookies = reply.headers.getSetCookie();
      const form =
        /^__Host-castellan-(session|device)=[\w-]{43}; (Max-Age=\d+; )?Path=\/; HttpOnly; Secure; SameSite=Lax$/;
      expect(cookies).toEqual([expect.stringMatching(form), expect.stringMatching(form)]);
      expect((await browser.call('GET', '/api/apis', undefined, page)).status).toBe(200);
      // A cookie of another name, as a page of a neighbouring host could set it, opens nothing.
      const renamed = { ...page, cookie: browser.cookieHeader.replaceAll('__Host-', '') };
      expect((await browser.call('GET', '/api/apis', undefined, renamed)).status).toBe(401);
      expectOk(await browser.call('POST', '/logout', undefined, page));
      expect(browser.cookieHeader).not.toContain('session');
    });
  });

  describe('PUT /api/users/{id}/actions/key/reset', () => {
    const renew = (browser: Browser, body?: object, id = 'me') =>
      browser.call('PUT', `/api/users/${id}/actions/key/reset`, body);

    it('asks a browser for the password of whoever sits before it, and a key for nothing', async () => {
      const [person, weaker] = [await newUser({ password, user_permissions: { users: 'write' } }), await newUser({})];
      expectOk(await api.admin.put(`/admin/users/${weaker.id}`, { user_permissions: { users: 'read' } }));
      const browser = await comeIn(person.email);
      for (const body of [undefined, {}, { current_password: 'wrong' }, { current_password: 7 }]) {
        for (const id of ['me', weaker.id]) {
          const reply = await renew(browser, body, id);
          expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'current_password']);
        }
      }
      const old = api.anonymous.with({ authorization: person.accessKey });
      expect((await old.get('/api/sessions')).status).toBe(200);
      expectOk(await renew(browser, { current_password: password }, weaker.id));
      const renewed = expectOk(await renew(browser, { current_password: password }));
      const client = api.anonymous.with({ authorization: textOf(renewed.json['AccessKey']) });
      expect([(await old.get('/api/sessions')).status, (await client.get('/api/sessions')).status]).toEqual([401, 200]);
      expectOk(await client.put('/api/users/me/actions/key/reset'));
    });

    it('asks somebody without a password for a login of the last ten minutes', async () => {
      const { email } = await newUser({});
      const nonce = { ForSection: 'dashboard', OrgID: organisation.id, EmailAddress: email };
      const made = expectOk(await api.admin.post('/admin/sso', nonce));
      const browser = new Browser(api.anonymous);
      const tapped = await browser.call('GET', `/tap?nonce=${encodeURIComponent(textOf(made.json['Meta']))}`);
      expect(tapped.status).toBe(302);
      const { headers } = expectOk(await browser.call('GET', '/api/sessions/current'));
      expect(headers.get('content-type')).toMatch(/json/);
      const { json } = await browser.call('GET', '/api/sessions/current');
      const token = { 'x-csrf-token': textOf(json['csrf_token']) };
      const call = () => browser.call('PUT', '/api/users/me/actions/key/reset', undefined, token);
      expectOk(await call());
      pass(11 * minute);
      const late = await call();
      expect([late.status, late.json['Code']]).toEqual([403, 'login_too_old']);
    });
  });

  describe('what lets somebody in for longer than a session', () => {
    const words = (): string => `${unique('words')} anchors beneath paper oceans`;
    const address = (): string => `${unique('moved')}@acme.example`;

    it('asks a browser for the password or a login of the last ten minutes, and a key for nothing', async () => {
      const admin = await newUser({ password, user_permissions: { IsAdmin: 'admin' } });
      const { id: weaker, email } = await newUser();
      const browser = await comeIn(admin.email);
      const rights = { user_permissions: { apis: 'read' } };
      const byPassword: readonly (readonly [string, string, () => object])[] = [
        ['POST', '/api/users', () => ({ email_address: address(), ...rights })],
        ['PUT', `/api/users/${weaker}`, () => ({ email_address: address() })],
        ['PUT', `/api/users/${weaker}`, () => ({ user_permissions: { keys: 'read' } })],
        ['POST', `/api/users/${weaker}/actions/reset`, () => ({ new_password: words() })],
        ['PUT', `/api/users/${admin.id}`, () => ({ email_address: address() })],
      ];
      const byLogin: readonly (readonly [string, string, () => object])[] = [
        ['POST', '/api/usergroups', () => ({ name: unique('group'), ...rights })],
        [
          'POST',
          '/api/identity-providers',
          () => ({ name: unique('provider'), issuer: 'https://accounts.example', client_id: 'castellan' }),
        ],
        ['POST', '/api/sso', () => ({ ForSection: 'dashboard', EmailAddress: email })],
      ];
      const client = api.anonymous.with({ authorization: admin.accessKey });
      for (const [method, path, body] of [...byPassword, ...byLogin]) {
        expectOk(await browser.call(method, path, body()));
        expectOk(await client.call(method, path, { body: body() }));
      }
      expectOk(await client.put(`/api/users/${weaker}`, rights));
      pass(11 * minute);
      const state = async () => (await client.get(`/api/users?p=-1`)).text + (await client.get('/api/usergroups')).text;
      const before = await state();
      for (const [method, path, body] of byPassword) {
        for (const proof of [{}, { current_password: 'wrong' }, { current_password: 7 }]) {
          const reply = await browser.call(method, path, { ...body(), ...proof });
          expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'current_password']);
        }
      }
      for (const [method, path, body] of byLogin) {
        const reply = await browser.call(method, path, body());
        expect([reply.status, reply.json['Code']]).toEqual([403, 'login_too_old']);
      }
      expect(await state()).toBe(before);
      // Whatever else is changed of a user opens nothing, and nothing is asked for it.
      const shown = JSON.parse((await client.get(`/api/users/${weaker}`)).text) as object;
      expectOk(await browser.call('PUT', `/api/users/${weaker}`, { ...shown, last_name: 'Hopper' }));
      for (const [method, path, body] of byPassword) {
        expectOk(await browser.call(method, path, { ...body(), current_password: password }));
      }
    });
  });
});
