import { createHash } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { anApiDefinition, listOf, textOf, unique, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

describe('/admin/users', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());

  const emptyOrganisation = async (): Promise<string> =>
    textOf(expectOk(await api.admin.post('/admin/organisations', { owner_name: unique('org') })).json['Meta']);
  const anEmail = (): string => `${unique('ada')}@acme.example`;
  const post = (fields: Readonly<Record<string, unknown>>): Promise<Reply> => api.admin.post('/admin/users', fields);
  /** Everything that MongoDB holds, as one text. */
  const everythingStored = async (): Promise<string> => {
    const connection = api.app.get<Connection>(getConnectionToken());
    const collections = (await connection.db?.collections()) ?? [];
    const documents = await Promise.all(collections.map((collection) => collection.find().toArray()));
    return JSON.stringify(documents);
  };

  describe('200', () => {
    it('creates: Message is the access key, Meta the user, in the order that scripts cut', async () => {
      const organisation = await emptyOrganisation();
      const email = anEmail();
      const reply = await api.admin.post('/admin/users/', {
        first_name: 'Ada',
        last_name: 'Lovelace',
        email_address: email,
        password: 'correct horse',
        org_id: organisation,
        active: true,
        user_permissions: { IsAdmin: 'admin' },
      });
      expect(reply.status).toBe(200);
      const key = textOf(reply.json['Message']);
      const id = textOf(reply.json['Meta']?.['id']);
      const createdAt = textOf(reply.json['Meta']?.['created_at']);
      expect(key).toMatch(/^[0-9a-f]{32}$/);
      expect(id).toMatch(/^[0-9a-f]{24}$/);
      expect(reply.text).toBe(
        `{"Status":"OK","Message":"${key}","Meta":{"api_model":{},"first_name":"Ada","last_name":"Lovelace",` +
          `"email_address":"${email}","org_id":"${organisation}","active":true,"id":"${id}","access_key":"${key}",` +
          `"user_permissions":{"IsAdmin":"admin"},"group_id":"","password_max_days":0,"created_at":"${createdAt}",` +
          `"last_login_date":"0001-01-01T00:00:00Z","password_updated":"${createdAt.replace('.000Z', 'Z')}"}}`,
      );
    });

    it('makes the first user of an organisation its administrator when nothing was said of permissions', async () => {
      const organisation = await emptyOrganisation();
      const reply = expectOk(await post({ email_address: anEmail(), org_id: organisation }));
      expect(reply.json['Meta']?.['user_permissions']).toEqual({ IsAdmin: 'admin', ResetPassword: 'admin' });
      const client = api.anonymous.with({ authorization: textOf(reply.json['Message']) });
      expect((await client.get('/api/apis')).status).toBe(200);
    });

    it('gets and lists users without their keys', async () => {
      const organisation = await emptyOrganisation();
      const created = expectOk(await post({ email_address: anEmail(), org_id: organisation }));
      const key = textOf(created.json['Message']);
      const id = textOf(created.json['Meta']?.['id']);
      const one = expectOk(await api.admin.get(`/admin/users/${id}`));
      expect(one.json).toEqual({ ...created.json['Meta'], access_key: '' });
      const all = expectOk(await api.admin.get('/admin/users/?p=-1'));
      expect(listOf(all.json['users'])).toContainEqual(one.json);
      expect(all.text).toMatch(/^{"users":\[.*\],"pages":1}$/);
      expect(one.text + all.text).not.toContain(key);
    });

    it('pages', async () => {
      const organisation = await emptyOrganisation();
      for (let index = 0; index < 11; index += 1) {
        expectOk(await post({ email_address: anEmail(), org_id: organisation, user_permissions: { apis: 'read' } }));
      }
      const { json } = expectOk(await api.admin.get('/admin/users'));
      expect(listOf(json['users'])).toHaveLength(10);
      expect(json['pages']).toBeGreaterThanOrEqual(2);
    });

    it('writes the address in lower case, as it is compared', async () => {
      const organisation = await emptyOrganisation();
      const reply = expectOk(await post({ email_address: `${unique('ADA')}@ACME.example`, org_id: organisation }));
      expect(textOf(reply.json['Meta']?.['email_address'])).toMatch(/^[^A-Z]+$/);
    });

    it('lets an inactive user in nowhere', async () => {
      const organisation = await emptyOrganisation();
      const reply = expectOk(await post({ email_address: anEmail(), org_id: organisation, active: false }));
      const client = api.anonymous.with({ authorization: textOf(reply.json['Message']) });
      expect((await client.get('/api/apis')).status).toBe(401);
    });
  });

  describe('400', () => {
    it('refuses a second user without permissions, in Tyk’s words', async () => {
      const { id } = await api.organisation();
      for (const permissions of [undefined, null, {}, { apis: 'deny' }]) {
        const reply = await post({ email_address: anEmail(), org_id: id, user_permissions: permissions });
        expect([reply.status, reply.json['Message']]).toEqual([
          400,
          'To create a user specify at least one permission, or make them an admin.',
        ]);
      }
    });

    it('does not make an administrator of a first user whose permissions are said to be none', async () => {
      const organisation = await emptyOrganisation();
      const reply = await post({ email_address: anEmail(), org_id: organisation, user_permissions: {} });
      expect(reply.status).toBe(400);
    });

    it.each([
      [{}, ['email_address']],
      [{ email_address: 'not an address' }, ['email_address']],
      [{ email_address: 'a@b.c', org_id: 'x' }, ['org_id']],
      [{ email_address: 'a@b.c', org_id: null }, ['org_id']],
      [{ email_address: 'a@b.c', org_id: '54b53d3aeba6db5c35000002' }, ['org_id']],
      [{ email_address: 'a@b.c', org_id: '54b53d3aeba6db5c35000002', password: '12345' }, ['password']],
      [{ email_address: 'a@b.c', org_id: '54b53d3aeba6db5c35000002', password: 'password1234' }, ['password']],
      [{ email_address: 'a@b.c', org_id: '54b53d3aeba6db5c35000002', active: 'yes' }, ['active']],
      [{ email_address: 'a@b.c', org_id: '54b53d3aeba6db5c35000002', user_permissions: 'all' }, ['user_permissions']],
    ])('names each wrong field of %j', async (fields, paths) => {
      const reply = await post(fields);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
      expect([...new Set(listOf(reply.json['Errors']).map((error) => error['path']))].sort()).toEqual(paths);
    });

    it('names a permission that is no text', async () => {
      const { id } = await api.organisation();
      const reply = await post({ email_address: anEmail(), org_id: id, user_permissions: { apis: true } });
      expect([reply.status, reply.json['Errors']?.[0]?.['path']]).toEqual([400, 'user_permissions.apis']);
    });
  });

  describe('whoever gets the address of somebody who was deleted', () => {
    it('is somebody else: without rights, groups, APIs, sessions, password, second factor or history of the other', async () => {
      const { id: org_id, admin } = await api.organisation({ enable_ownership: true });
      const { client } = admin;
      const group = { name: unique('group'), user_permissions: { keys: 'read' } };
      const groupId = textOf(expectOk(await client.post('/api/usergroups', group)).json['Meta']);
      const [email_address, password] = [anEmail(), 'violet anchors hum beneath paper oceans'];
      const make = async (fields: object) => {
        const { json } = expectOk(await post({ email_address, org_id, ...fields }));
        const [id, key] = [textOf(json['Meta']?.['id']), textOf(json['Message'])];
        return { id, client: api.anonymous.with({ authorization: key }) };
      };
      const before = await make({ password, user_permissions: { apis: 'write' }, group_id: groupId });
      const browser = new Browser(api.anonymous);
      expectOk(await browser.logIn({ email_address, password }));
      const api_definition = anApiDefinition();
      const owners = { user_owners: [before.id, admin.id] };
      const made = expectOk(await before.client.post('/api/apis', { api_definition, ...owners }));
      const nonce = { ForSection: 'dashboard', EmailAddress: email_address };
      const tap = `/tap?nonce=${encodeURIComponent(textOf(expectOk(await client.post('/api/sso', nonce)).json['Meta']))}`;
      expectOk(await client.delete(`/api/users/${before.id}`));

      const after = await make({ user_permissions: { apis: 'read' } });
      expect(after.id).not.toBe(before.id);
      expect((await before.client.get('/api/apis')).status).toBe(401);
      expect((await browser.call('GET', '/api/apis')).status).toBe(401);
      expect((await browser.logIn({ email_address, password })).status).toBe(401);
      expect((await new Browser(api.anonymous).call('GET', tap)).status).toBe(403);
      const apiPath = `/api/apis/${textOf(made.json['Meta'])}`;
      expect((await after.client.get(apiPath)).status).toBe(404);
      expect(listOf(expectOk(await after.client.get('/api/apis?p=-1')).json['apis'])).toEqual([]);
      const rights = expectOk(await after.client.get('/api/users/me/permissions')).json;
      expect([listOf(rights['groups']), listOf(rights['permissions']).length]).toEqual([[], 1]);
      expect(listOf(expectOk(await after.client.get('/api/sessions')).json['sessions'])).toEqual([]);
      const log = async (user: string) =>
        listOf(expectOk(await client.get(`/api/audit-logs?p=-1&user=${user}`)).json['audit_logs']);
      expect((await log(before.id)).length).toBeGreaterThan(0);
      expect(await log(after.id)).toEqual([]);
    });
  });

  describe('401', () => {
    it.each(['GET', 'POST'])('refuses %s without the admin secret', async (method) => {
      expect((await api.anonymous.call(method, '/admin/users')).status).toBe(401);
    });
  });

  describe('403', () => {
    it('says "exists" in the words that bootstrap scripts look for, whatever the case of the address', async () => {
      const organisation = await emptyOrganisation();
      const email = anEmail();
      const fields = { email_address: email, org_id: organisation, user_permissions: { IsAdmin: 'admin' } };
      expectOk(await post(fields));
      const reply = await post({ ...fields, email_address: email.toUpperCase() });
      expect(reply.status).toBe(403);
      expect(reply.text).toMatch(/^{"Status":"Error","Message":"User email already exists for this Org","Meta":null,/);
      expect(reply.json['Code']).toBe('email_conflict');
    });

    it('lets the same address into another organisation', async () => {
      const email = anEmail();
      for (let count = 0; count < 2; count += 1) {
        expectOk(await post({ email_address: email, org_id: await emptyOrganisation() }));
      }
    });
  });

  describe('404', () => {
    it.each(['000000000000000000000000', 'nobody'])('knows no user %s', async (id) => {
      const reply = await api.admin.get(`/admin/users/${id}`);
      expect([reply.status, reply.json['Message']]).toEqual([404, 'Could not retrieve user detail']);
    });
  });

  describe('promise 9: secrets stay secret', () => {
    const password = 'Tr0ub4dor-and-3';

    it('shows no password and no hash in any reply', async () => {
      const organisation = await emptyOrganisation();
      const created = await post({ email_address: anEmail(), org_id: organisation, password });
      const id = textOf(created.json['Meta']?.['id']);
      const replies = [created, await api.admin.get(`/admin/users/${id}`), await api.admin.get('/admin/users?p=-1')];
      for (const { text } of replies) {
        expect(text).not.toContain(password);
        expect(text).not.toMatch(/password(?!_max_days|_updated)/);
        expect(text).not.toContain('$argon2');
      }
    });

    it('stores the access key as its sha256 and the password as argon2id, and neither anywhere as it is', async () => {
      const organisation = await emptyOrganisation();
      const created = expectOk(await post({ email_address: anEmail(), org_id: organisation, password }));
      const key = textOf(created.json['Message']);
      const stored = await everythingStored();
      expect(stored).toContain(createHash('sha256').update(key).digest('hex'));
      expect(stored).toContain('$argon2id$');
      expect(stored).not.toContain(key);
      expect(stored).not.toContain(password);
    });

    it('puts neither into the history of the user or the audit log', async () => {
      const connection = api.app.get<Connection>(getConnectionToken());
      const organisation = await emptyOrganisation();
      expectOk(await post({ email_address: anEmail(), org_id: organisation, password }));
      const records = [
        ...(await connection.collection('revisions').find().toArray()),
        ...(await connection.collection('audit').find().toArray()),
      ];
      expect(JSON.stringify(records)).not.toMatch(/argon2|accessKeyHash|passwordHash/);
    });
  });
});
