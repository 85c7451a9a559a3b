import { hashSync } from 'bcryptjs';
import { getConnectionToken } from '@nestjs/mongoose';
import { Types, type Connection } from 'mongoose';
import { Secret, TOTP } from 'otpauth';
import { UserStore } from '@castellan/persistence';
import { listOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

const password = 'violet anchors hum beneath paper oceans';
const other = 'entirely different furniture in the harbour';
const third = 'a lamp, eleven ducks and some yesterday';

describe('what users prove themselves with', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ SECRET_KEY: 'a key that only tests know', PASSWORD_HISTORY: '2' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  interface Person {
    readonly email: string;
    readonly id: string;
    readonly client: HttpClient;
  }

  const newPerson = async (
    permissions: Readonly<Record<string, string>> = { apis: 'read' },
    fields: Readonly<Record<string, unknown>> = { password },
  ): Promise<Person> => {
    const email = `${unique('user')}@acme.example`;
    const sent = { email_address: email, org_id: organisation.id, user_permissions: permissions, ...fields };
    const created = expectOk(await api.admin.post('/admin/users', sent));
    const client = api.anonymous.with({ authorization: textOf(created.json['Message']) });
    return { email, id: textOf(created.json['Meta']?.['id']), client };
  };
  const logIn = async (person: Person, fields: Readonly<Record<string, unknown>> = { password }) => {
    const browser = new Browser(api.anonymous);
    const reply = await browser.logIn({ email_address: person.email, ...fields });
    return { browser, reply, status: reply.status };
  };
  const reset = (id: string, fields: Readonly<Record<string, unknown>>, client: HttpClient): Promise<Reply> =>
    client.post(`/api/users/${id}/actions/reset`, fields);
  const rows = (name: string) => api.app.get<Connection>(getConnectionToken()).collection(name);
  const setUser = (id: string, fields: object) =>
    rows('users').updateOne({ _id: new Types.ObjectId(id) }, { $set: fields });
  const paths = ({ json }: Reply) => listOf(json['Errors']).map(({ path, message }) => [path, message]);

  describe('POST /api/users/{id}/actions/reset', () => {
    it('sets the first password as scripts do that set an installation up', async () => {
      const person = await newPerson({ IsAdmin: 'admin' });
      const sent = { new_password: password, user_permissions: { IsAdmin: 'admin' } };
      const reply = expectOk(await reset(person.id, sent, person.client));
      expect(reply.text).toBe('{"Status":"OK","Message":"User password updated","Meta":""}');
      expect((await logIn(person)).status).toBe(200);
    });

    it('asks oneself for the present password, once somebody came in with it', async () => {
      const person = await newPerson();
      await logIn(person);
      const without = await reset(person.id, { new_password: other }, person.client);
      expect([without.status, paths(without)]).toEqual([400, [['current_password', 'is required']]]);
      const wrong = await reset('me', { new_password: other, current_password: 'x' }, person.client);
      expect([wrong.status, paths(wrong)]).toEqual([400, [['current_password', 'is not your password']]]);
      expectOk(await reset('me', { new_password: other, current_password: password }, person.client));
      expect((await logIn(person)).status).toBe(401);
      expect((await logIn(person, { password: other })).status).toBe(200);
    });

    it('ends all sessions but the one that asks, which gets a new cookie; the key stays', async () => {
      const person = await newPerson();
      const [here, there] = [(await logIn(person)).browser, (await logIn(person)).browser];
      const before = here.cookieHeader;
      const sent = { new_password: other, current_password: password };
      expectOk(await here.call('POST', '/api/users/me/actions/reset', sent));
      const old = await new Browser(api.anonymous).call('GET', '/api/apis', undefined, { cookie: before });
      expect([old.status, (await there.call('GET', '/api/apis')).status]).toEqual([401, 401]);
      expect((await here.call('DELETE', '/api/sessions')).status).toBe(200);
      expect((await person.client.get('/api/apis')).status).toBe(200);
    });

    it.each([
      ['short', /at least 12 characters/],
      ['password1234', /easy to guess/],
      ['\0several words that do not belong', /control characters/],
    ])('refuses %j', async (weak, message) => {
      const person = await newPerson();
      const reply = await reset(person.id, { new_password: weak }, person.client);
      expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, 'new_password']);
      expect(reply.json['Errors']?.[0]?.['message']).toMatch(message);
    });

    it('refuses passwords that were there lately', async () => {
      const person = await newPerson();
      await logIn(person);
      const change = (from: string, to: string) =>
        reset('me', { new_password: to, current_password: from }, person.client);
      expect(paths(await change(password, password))[0]?.[1]).toMatch(/was your password before/);
      expectOk(await change(password, other));
      expect((await change(other, password)).status).toBe(400);
      expectOk(await change(other, third));
      expectOk(await change(third, password));
    });

    it('is for those who may reset passwords, and not for anybody stronger', async () => {
      const person = await newPerson();
      const manager = await newPerson({ users: 'write', apis: 'read', ResetPassword: 'admin' });
      const without = await newPerson({ users: 'write', apis: 'read' });
      const reader = await newPerson({ users: 'read', apis: 'read', ResetPassword: 'admin' });
      const boss = await newPerson({ IsAdmin: 'admin' });
      const foreign = (await api.organisation()).admin;
      const sent = { new_password: other };
      for (const { client } of [without, reader]) expect((await reset(person.id, sent, client)).status).toBe(403);
      expect((await reset(boss.id, sent, manager.client)).status).toBe(403);
      for (const id of [foreign.id, 'no-id', '0'.repeat(24)]) {
        expect((await reset(id, sent, manager.client)).status).toBe(404);
      }
      expect((await reset(person.id, sent, api.anonymous)).status).toBe(401);
      expect((await logIn(person)).status).toBe(200);
      expectOk(await reset(person.id, sent, manager.client));
      expect((await logIn(person, { password: other })).status).toBe(200);
    });

    it('leaves who, whom and when in the audit log, and no password', async () => {
      const person = await newPerson();
      expectOk(await reset(person.id, { new_password: other }, person.client));
      const { text, json } = await organisation.admin.client.get(`/api/audit-logs?p=-1&user=${person.email}`);
      expect(listOf(json['audit_logs'])).toMatchObject([{ action: 'Reset User Password', status: 200 }]);
      expect(text).not.toMatch(new RegExp(`${other}|argon2`));
    });
  });

  describe('last_login_date and password_updated', () => {
    it('of a user are shown wherever users are, to oneself too, and are of year 1 before', async () => {
      const person = await newPerson({ apis: 'read' }, {});
      const admin = organisation.admin.client;
      const listed = async (client: HttpClient, path: string) =>
        listOf(expectOk(await client.get(path)).json['users']).find(({ id }) => textOf(id) === person.id);
      const shown = async () =>
        Promise.all([
          ...[person.client.get('/api/users/me'), admin.get(`/api/users/${person.id}`)].map(
            async (one) => (await one).json,
          ),
          api.admin.get(`/admin/users/${person.id}`).then(({ json }) => json),
          api.admin.put(`/admin/users/${person.id}`, { first_name: 'Ada' }).then(({ json }) => json['Meta']),
          ...['/api/users?p=-1', `/api/users/search?q=${person.email}`].map((path) => listed(admin, path)),
          listed(api.admin, '/admin/users?p=-1'),
        ]);
      const never = '0001-01-01T00:00:00Z';
      for (const user of await shown()) expect(user).toMatchObject({ last_login_date: never, password_updated: never });
      const began = Date.now();
      expectOk(await reset(person.id, { new_password: password }, person.client));
      for (const user of await shown()) {
        expect(user?.['last_login_date']).toBe(never);
        expect(Date.parse(textOf(user?.['password_updated']))).toBeGreaterThanOrEqual(began);
      }
      expect((await logIn(person)).status).toBe(200);
      for (const user of await shown()) {
        expect(Date.parse(textOf(user?.['last_login_date']))).toBeGreaterThanOrEqual(began);
      }
    });
  });

  describe('passwords from elsewhere', () => {
    it.each(['$2a$', '$2b$', '$2y$'])('of the form %s are taken, and kept in ours from then on', async (form) => {
      const person = await newPerson();
      await setUser(person.id, { passwordHash: hashSync(password, 4).replace(/^\$2b\$/, form) });
      expect((await logIn(person, { password: 'wrong' })).status).toBe(401);
      const { browser, status } = await logIn(person);
      const stored = await rows('users').findOne({ _id: new Types.ObjectId(person.id) });
      expect([status, textOf(stored?.['passwordHash']).slice(0, 10)]).toEqual([200, '$argon2id$']);
      expect((await logIn(person)).status).toBe(200);
      expect((await browser.call('GET', '/api/apis')).status).toBe(200);
    });

    it('are not put in the place of one that was set meanwhile', async () => {
      const person = await newPerson();
      const imported = { passwordHash: hashSync(password, 4) };
      const renewed = `${unique('renewed')} harbour furniture`;
      await setUser(person.id, imported);
      const set = () => reset(person.id, { new_password: renewed }, organisation.admin.client);
      const [first, , second] = await Promise.all([logIn(person), set(), logIn(person)]);
      for (const { status } of [first, second]) expect([200, 401]).toContain(status);
      expect((await logIn(person)).status).toBe(401);
      expect((await logIn(person, { password: renewed })).status).toBe(200);
      // Whoever read the old one before the new one came, and only then gets to write.
      const users = api.app.get(UserStore);
      const row = await users.activeById(person.id);
      if (row === null) throw new Error('The person is gone');
      await users.upgradePasswordHash({ ...row, ...imported }, hashSync(password, 4));
      expect((await logIn(person)).status).toBe(401);
      expect((await logIn(person, { password: renewed })).status).toBe(200);
    });

    it('are passwords like others where a hash is sent as one, and nobody plants the hash of anybody', async () => {
      const hash = hashSync(password, 4);
      const plain = await newPerson({ apis: 'read' }, { password: hash });
      expect((await logIn(plain)).status).toBe(401);
      expect((await logIn(plain, { password: hash })).status).toBe(200);
      const victim = await newPerson();
      const { client } = organisation.admin;
      const stored = textOf((await rows('users').findOne({ _id: new Types.ObjectId(victim.id) }))?.['passwordHash']);
      const planted = { password: stored, passwordHash: stored, password_hash: stored, hashed_password: stored };
      const email = `${unique('planted')}@acme.example`;
      const made = await client.post('/api/users', {
        email_address: email,
        user_permissions: { apis: 'read' },
        ...planted,
      });
      expect([200, 400]).toContain(made.status);
      await client.put(`/api/users/${victim.id}`, planted);
      await reset(plain.id, { new_password: stored, passwordHash: hash }, client);
      const operator = { email_address: `x${email}`, org_id: organisation.id, user_permissions: { apis: 'read' } };
      expectOk(await api.admin.post('/admin/users', { ...operator, passwordHash: hash }));
      const people = { users: [{ ...operator, id: victim.id, ...planted }] };
      for (const body of [people, { version: 1, ...people }]) await client.post('/api/import', body);
      for (const address of [email, `x${email}`, plain.email]) {
        expect((await logIn({ ...victim, email: address })).status).toBe(401);
      }
      expect((await logIn(victim)).status).toBe(200);
      expect((await logIn(victim, { password: stored })).status).toBe(401);
    });

    it.each(['', 'x', '$2a$10$tooshort', `$2a$31$${'a'.repeat(53)}`, '$argon2id$v=19$broken'])(
      'that are no hashes let nobody in: %j',
      async (passwordHash) => {
        const person = await newPerson();
        await setUser(person.id, { passwordHash });
        expect((await logIn(person)).status).toBe(401);
        expect((await logIn(person, { password: '' })).status).toBe(401);
      },
    );
  });

  describe('passwords that are too old', () => {
    it('open nothing until a new one comes with them', async () => {
      const person = await newPerson();
      const row = await rows('users').findOne({ _id: new Types.ObjectId(person.id) });
      const document = JSON.parse(textOf(row?.['document'])) as object;
      const old = { document: JSON.stringify({ ...document, password_max_days: 30 }), createdAt: new Date(0) };
      await setUser(person.id, old);
      const expired = await logIn(person);
      expect([expired.status, expired.reply.json['Code']]).toEqual([403, 'password_expired']);
      expect(expired.browser.cookieHeader).toBe('');
      expect((await logIn(person, { password: 'wrong', new_password: other })).status).toBe(401);
      expect((await logIn(person, { password, new_password: 'short' })).status).toBe(400);
      expect((await logIn(person, { password, new_password: other })).status).toBe(200);
      expect((await logIn(person, { password: other })).status).toBe(200);
    });
  });

  describe('password_max_days of a group', () => {
    it('asks its members for a new password, and nobody while the group is switched off', async () => {
      const { client } = organisation.admin;
      const rule = { name: unique('group'), user_permissions: { apis: 'read' }, password_max_days: 30 };
      const group = textOf(expectOk(await client.post('/api/usergroups', rule)).json['Meta']);
      const [member, other] = [await newPerson({}, { password, group_id: group }), await newPerson()];
      for (const { id } of [member, other]) await setUser(id, { createdAt: new Date(0) });
      expect((await logIn(member)).reply.json['Code']).toBe('password_expired');
      expect((await logIn(other)).status).toBe(200);
      expectOk(await client.put(`/api/usergroups/${group}`, { active: false }));
      expect((await logIn(member)).status).toBe(200);
    });
  });

  describe('/api/users/{id}/second-factor', () => {
    const begin = async (person: Person) => {
      const begun = expectOk(await person.client.post('/api/users/me/second-factor', { current_password: password }));
      const secret = textOf(begun.json['Meta']?.['secret']);
      const totp = new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: 30, algorithm: 'SHA1' });
      // The step before is good, too, and so this one and the next are left for what follows.
      return { begun, secret, codeAt: (step: number) => totp.generate({ timestamp: Date.now() + step * 30_000 }) };
    };

    it('asks for a code at each login, takes none twice, and a recovery code once', async () => {
      const person = await newPerson();
      const { begun, secret, codeAt } = await begin(person);
      expect(textOf(begun.json['Meta']?.['uri'])).toMatch(/^otpauth:\/\/totp\/Castellan:/);
      expect((await logIn(person)).status).toBe(200);
      const first = codeAt(-1);
      const confirmed = await person.client.post('/api/users/me/second-factor/confirm', { code: first });
      const [recovery = '', ...others] = listOf(expectOk(confirmed).json['Meta']?.['recovery_codes']).map(textOf);
      expect(others).toHaveLength(9);
      const missing = await logIn(person);
      expect([missing.status, missing.reply.json['Code']]).toEqual([401, 'second_factor_required']);
      expect((await logIn(person, { password, code: first })).status).toBe(401);
      expect((await logIn(person, { password: 'wrong', code: codeAt(0) })).reply.json['Code']).toBe('unauthorised');
      expect((await logIn(person, { password, code: codeAt(1) })).status).toBe(200);
      expect((await logIn(person, { password, code: codeAt(1) })).status).toBe(401);
      expect((await logIn(person, { password, code: recovery.toUpperCase() })).status).toBe(200);
      expect((await logIn(person, { password, code: recovery })).status).toBe(401);
      const stored = JSON.stringify(await rows('signIns').find().toArray());
      for (const plain of [secret, recovery]) expect(stored).not.toContain(plain);
    });

    it('is begun once, confirmed by the right code, and turned off with the password', async () => {
      const person = await newPerson();
      await logIn(person);
      const path = '/api/users/me/second-factor';
      expect((await person.client.post(path, {})).status).toBe(400);
      expect((await person.client.post(`${path}/confirm`, { code: '000000' })).status).toBe(404);
      const { codeAt } = await begin(person);
      expect((await person.client.post(`${path}/confirm`, { code: 'x' })).status).toBe(400);
      expectOk(await person.client.post(`${path}/confirm`, { code: codeAt(0) }));
      expect((await person.client.post(path, { current_password: password })).status).toBe(409);
      expect((await person.client.delete(path, { body: { current_password: 'x' } })).status).toBe(400);
      expect((await api.anonymous.post(path, {})).status).toBe(401);
      expectOk(await person.client.delete(path, { body: { current_password: password } }));
      expect((await logIn(person)).status).toBe(200);
    });

    it('of others is turned off by whoever may reset their password, and begun by nobody', async () => {
      const person = await newPerson();
      const { codeAt } = await begin(person);
      expectOk(await person.client.post('/api/users/me/second-factor/confirm', { code: codeAt(0) }));
      const path = `/api/users/${person.id}/second-factor`;
      const weak = await newPerson({ users: 'write' });
      expect((await weak.client.delete(path, { body: {} })).status).toBe(403);
      expect((await organisation.admin.client.post(path, {})).status).toBe(403);
      expectOk(await organisation.admin.client.delete(path, { body: {} }));
      expect((await organisation.admin.client.delete(path, { body: {} })).status).toBe(404);
      expect((await logIn(person)).status).toBe(200);
    });
  });
});
