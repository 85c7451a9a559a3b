import { listOf, textOf, unique, type HttpClient, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../test/api-under-test';

const missingId = '000000000000000000000000';
const anEmail = (): string => `${unique('user')}@acme.example`;

describe('/api/users', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let admin: HttpClient;
  /** Not an administrator, and may write users. */
  let manager: TestUser;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ CREDENTIAL_ATTEMPTS: '100000' });
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    organisation = await api.organisation();
    admin = organisation.admin.client;
    manager = await api.user(organisation.id, { users: 'write', apis: 'read' });
  });

  const keyOf = (reply: Reply): HttpClient =>
    api.anonymous.with({ authorization: textOf(expectOk(reply).json['AccessKey']) });
  const userOf = async (id: string) => expectOk(await admin.get(`/api/users/${id}`)).json;

  describe('200', () => {
    it('creates in the organisation of the caller, and shows the key once', async () => {
      const reply = await admin.post('/api/users', {
        first_name: 'Grace',
        email_address: anEmail(),
        org_id: missingId,
        api_model: {},
        user_permissions: { apis: 'read' },
      });
      const id = textOf(expectOk(reply).json['Meta']);
      expect(reply.text).toMatch(
        /^{"Status":"OK","Message":"User and session have been created","Meta":"[0-9a-f]{24}","AccessKey":"[0-9a-f]{32}"}$/,
      );
      const client = keyOf(reply);
      expect((await client.get('/api/apis')).status).toBe(200);
      const me = expectOk(await client.get('/api/users/me'));
      expect(me.json).toEqual(await userOf(id));
      expect(me.json).toMatchObject({ id, org_id: organisation.id, access_key: '', first_name: 'Grace' });
      expect(Object.keys(me.json)).toEqual([
        'api_model',
        'first_name',
        'last_name',
        'email_address',
        'org_id',
        'active',
        'id',
        'access_key',
        'user_permissions',
        'group_id',
        'password_max_days',
        'created_at',
        'last_login_date',
        'password_updated',
      ]);
    });

    it('finds users by any part of name or address, with both forms, whatever the letters mean elsewhere', async () => {
      const email = `${unique('a.b+c')}@acme.example`;
      const grant = { user_permissions: { apis: 'read' } };
      expectOk(await admin.post('/api/users', { ...grant, email_address: email, last_name: 'Hopper (Rear Admiral)' }));
      for (const wanted of ['hopper (REAR', 'B+C', email.slice(2, 20)]) {
        const get = expectOk(await admin.get(`/api/users/search?q=${encodeURIComponent(wanted)}`));
        expect(listOf(get.json['users']).map((user) => user['email_address'])).toEqual([email]);
        const post = expectOk(await admin.post('/api/users/search', { filters: { query: wanted } }));
        expect(post.text).toBe(get.text);
      }
      const none = expectOk(await admin.get('/api/users/search?q=.*'));
      expect(none.json).toEqual({ users: [], pages: 0 });
    });

    it('changes what is sent and leaves the rest, under a precondition', async () => {
      const { id } = await api.user(organisation.id, { keys: 'read' });
      const version = { headers: { 'if-match': '"1"' } };
      const changed = expectOk(await admin.put(`/api/users/${id}`, { first_name: 'New' }, version));
      expect(changed.text).toBe('{"Status":"OK","Message":"User updated","Meta":null}');
      expect(changed.headers.get('etag')).toBe('"2"');
      expect(await userOf(id)).toMatchObject({ first_name: 'New', user_permissions: { keys: 'read' }, active: true });
      const stale = await admin.put(`/api/users/${id}`, { user_permissions: { keys: 'write' } }, version);
      expect(stale.status).toBe(412);
      expect((await admin.put(`/api/users/${id}/actions/revoke`, undefined, version)).status).toBe(412);
      expect((await admin.put(`/api/users/${id}/actions/key/reset`, undefined, version)).status).toBe(412);
      expect((await admin.delete(`/api/users/${id}`, version)).status).toBe(412);
      expect((await userOf(id))['user_permissions']).toEqual({ keys: 'read' });
    });

    it('validates by all rules of a write, shows no name and no key, and writes nothing', async () => {
      const address = anEmail();
      const fresh = { first_name: 'Grace', email_address: address, user_permissions: { apis: 'read' } };
      const reader = await api.user(organisation.id, { users: 'read', apis: 'read' });
      const known = expectOk(await admin.get('/api/users?p=-1')).json;
      const { json, text } = expectOk(await reader.client.post('/api/users/validate', fresh));
      expect(json).toMatchObject({
        Status: 'OK',
        Message: 'User is valid',
        Meta: { changes: [{ operation: 'create' }] },
      });
      expect(text).not.toContain('Grace');
      expect(text).not.toContain('AccessKey');
      const change = await admin.post(`/api/users/validate?id=${manager.id}`, { user_permissions: { apis: 'write' } });
      expect(expectOk(change).json['Meta']).toMatchObject({
        changes: [{ kind: 'user', operation: 'update', version: 2 }],
      });
      const refused = await reader.client.post('/api/users/validate', { ...fresh, user_permissions: { keys: 'read' } });
      expect([refused.status, refused.json['Code']]).toEqual([403, 'rights_exceeded']);
      expect((await admin.post(`/api/users/validate?id=${missingId}`, {})).status).toBe(404);
      expect((await admin.post('/api/users/validate', {})).json['Errors']?.[0]?.['path']).toBe('email_address');
      expect(expectOk(await admin.get('/api/users?p=-1')).json).toEqual(known);
    });

    it('gives a new key in the place of the old one', async () => {
      const { id, client } = await api.user(organisation.id, { apis: 'read' });
      const reply = expectOk(await admin.put(`/api/users/${id}/actions/key/reset`));
      expect(reply.text).toMatch(/^{"Status":"OK","Message":"User session renewed","Meta":null,"AccessKey":"\w{32}"}$/);
      expect((await client.get('/api/apis')).status).toBe(401);
      const renewed = keyOf(reply);
      expect((await renewed.get('/api/apis')).status).toBe(200);
      // Everybody renews their own.
      const own = keyOf(await renewed.put('/api/users/me/actions/key/reset'));
      expect((await renewed.get('/api/apis')).status).toBe(401);
      expect((await own.get('/api/apis')).status).toBe(200);
    });

    it('revokes: the key opens nothing, even after the user is switched on again', async () => {
      const { id, client } = await api.user(organisation.id, { apis: 'read' });
      const reply = expectOk(await admin.put(`/api/users/${id}/actions/revoke`));
      expect(reply.text).toBe('{"Status":"OK","Message":"User revoked","Meta":null}');
      expect((await client.get('/api/apis')).status).toBe(401);
      expectOk(await admin.put(`/api/users/${id}`, { active: true }));
      expect((await client.get('/api/apis')).status).toBe(401);
      expect((await keyOf(await admin.put(`/api/users/${id}/actions/key/reset`)).get('/api/apis')).status).toBe(200);
    });

    it('deletes; whoever gets the address afterwards is somebody else', async () => {
      const { id, client } = await api.user(organisation.id, { apis: 'read' });
      const email = textOf((await userOf(id))['email_address']);
      expectOk(await admin.delete(`/api/users/${id}`));
      expect((await client.get('/api/apis')).status).toBe(401);
      const again = await admin.post('/api/users', { email_address: email, user_permissions: { keys: 'read' } });
      expect(textOf(expectOk(again).json['Meta'])).not.toBe(id);
      expect((await client.get('/api/keys')).status).toBe(401);
    });

    it('is audited without a word of the key', async () => {
      const { id } = await api.user(organisation.id, { apis: 'read' });
      const key = textOf(expectOk(await admin.put(`/api/users/${id}/actions/key/reset`)).json['AccessKey']);
      const { json, text } = expectOk(await admin.get(`/api/audit-logs?resource=${id}`));
      expect(listOf(json['audit_logs']).map(({ action }) => action)).toContain('Update User Key');
      expect(text).not.toContain(key);
    });
  });

  describe('400', () => {
    it.each([
      [{}, ['email_address']],
      [{ email_address: { $ne: null } }, ['email_address']],
      [{ email_address: ['a@b.c', 'd@e.f'] }, ['email_address']],
      [{ email_address: 'a@b.c\u200B', user_permissions: { apis: 'read' } }, ['email_address']],
      [{ email_address: 'a@b.c', user_permissions: { api: 'read' } }, ['user_permissions.api']],
      [{ email_address: 'a@b.c', user_permissions: { apis: 'all' } }, ['user_permissions.apis']],
      [{ email_address: 'a@b.c', group_id: 'x', user_permissions: { apis: 'read' } }, ['group_id']],
      [{ email_address: 'a@b.c', group_ids: [missingId], user_permissions: { apis: 'read' } }, ['group_ids[0]']],
      [{ email_address: 'a@b.c', group_ids: [{}], user_permissions: { apis: 'read' } }, ['group_ids']],
      [{ email_address: 'a@b.c', password_max_days: -1 }, ['password_max_days']],
    ])('names what is wrong with %j', async (fields, paths) => {
      const reply = await admin.post('/api/users', fields);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
      expect([...new Set(listOf(reply.json['Errors']).map((error) => error['path']))]).toEqual(paths);
    });

    it.each([[{}], [{ apis: '', keys: 'deny' }]])(
      'takes %j for no rights, never for those of an administrator',
      async (rights) => {
        const { id, client } = await api.user(organisation.id, { apis: 'read' });
        for (const by of [admin, manager.client]) {
          const made = await by.post('/api/users', { email_address: anEmail(), user_permissions: rights });
          expect([made.status, made.json['Message']]).toEqual([
            400,
            'To create a user specify at least one permission, or make them an admin.',
          ]);
          expect((await by.put(`/api/users/${id}`, { user_permissions: rights })).status).toBe(400);
        }
        expect((await admin.post('/api/users', { email_address: anEmail() })).status).toBe(400);
        expect((await client.get('/api/users')).status).toBe(403);
      },
    );

    it.each([[{ filters: { query: { $regex: '^' } } }], [{ filters: { query: 'x'.repeat(300) } }], [{ filters: 'x' }]])(
      'searches for texts only: %j',
      async (body) => {
        expect((await admin.post('/api/users/search', body)).status).toBe(400);
      },
    );

    it('sorts and filters by nothing that it does not name', async () => {
      expect((await admin.get('/api/users?sort=password')).status).toBe(400);
    });
  });

  describe('403', () => {
    it('refuses an address that somebody of the organisation has, however it is written', async () => {
      const grants = { user_permissions: { apis: 'read' } };
      const email = anEmail();
      expectOk(await admin.post('/api/users', { ...grants, email_address: email }));
      for (const same of [email.toUpperCase(), email.replace('u', 'ｕ')]) {
        const reply = await admin.post('/api/users', { ...grants, email_address: same });
        expect([reply.status, reply.json['Code']]).toEqual([403, 'email_conflict']);
        const changed = await admin.put(`/api/users/${manager.id}`, { email_address: same });
        expect([changed.status, changed.json['Code']]).toEqual([403, 'email_conflict']);
      }
    });

    it('lets nobody grant what they lack', async () => {
      const { id } = await api.user(organisation.id, { apis: 'read' });
      for (const rights of [{ keys: 'read' }, { apis: 'write' }, { IsAdmin: 'admin' }, { ResetPassword: 'admin' }]) {
        const body = { email_address: anEmail(), user_permissions: { ...rights, users: 'read' } };
        const replies = [
          await manager.client.post('/api/users', body),
          await manager.client.put(`/api/users/${id}`, body),
          await manager.client.put(`/api/users/${manager.id}`, body),
        ];
        for (const { status, json } of replies) expect([status, json['Code']]).toEqual([403, 'rights_exceeded']);
      }
      expect((await userOf(id))['user_permissions']).toEqual({ apis: 'read' });
      expect((await userOf(manager.id))['user_permissions']).toEqual({ users: 'write', apis: 'read' });
      const within = { email_address: anEmail(), user_permissions: { apis: 'read', users: 'write' } };
      expectOk(await manager.client.post('/api/users', within));
    });

    it('lets nobody touch somebody with rights that they lack, in whatever way', async () => {
      const strong = await api.user(organisation.id, { keys: 'read' });
      const path = `/api/users/${strong.id}`;
      const replies = [
        await manager.client.put(path, { first_name: 'x' }),
        await manager.client.put(path, { email_address: anEmail() }),
        await manager.client.put(path, { active: false }),
        await manager.client.put(path, { user_permissions: { apis: 'read' } }),
        await manager.client.put(`${path}/actions/key/reset`),
        await manager.client.put(`${path}/actions/revoke`),
        await manager.client.delete(path),
      ];
      for (const { status, json } of replies) expect([status, json['Code']]).toEqual([403, 'rights_exceeded']);
      expect(expectOk(await admin.get(path)).headers.get('etag')).toBe('"1"');
      expect((await strong.client.get('/api/users/me')).status).toBe(200);
    });

    it.each([
      ['org_id', missingId],
      ['access_key', '0123456789abcdef0123456789abcdef'],
      ['password', 'correct horse battery'],
      ['id', missingId],
      ['created_at', '2001-01-01T00:00:00Z'],
      ['last_login_date', '2001-01-01T00:00:00Z'],
    ])('does not take %s from those who change themselves', async (name, value) => {
      const before = await userOf(manager.id);
      await manager.client.put(`/api/users/${manager.id}`, { [name]: value });
      expect(await userOf(manager.id)).toEqual(before);
      expect((await manager.client.get('/api/users')).status).toBe(200);
    });

    it('asks for users: write, and for users: read to look', async () => {
      const { id, client } = await api.user(organisation.id, { users: 'read' });
      const writes = [
        await client.post('/api/users', {}),
        await client.put(`/api/users/${id}`, {}),
        await client.delete(`/api/users/${id}`),
        await client.put(`/api/users/${manager.id}/actions/key/reset`),
        await client.put(`/api/users/${manager.id}/actions/revoke`),
      ];
      expect(writes.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
      const stranger = await api.user(organisation.id, { apis: 'read' });
      const reads = ['', '/search?q=a', `/${id}`, `/${id}/permissions`];
      for (const path of reads) expect((await stranger.client.get(`/api/users${path}`)).status).toBe(403);
      expect((await stranger.client.get('/api/users/me')).status).toBe(200);
      expect((await stranger.client.get('/api/users/me/permissions')).status).toBe(200);
    });
  });

  describe('404', () => {
    it('answers the same for a missing user and for one of another organisation', async () => {
      const other = (await api.organisation()).admin.id;
      for (const id of [missingId, other, 'nobody']) {
        const path = `/api/users/${id}`;
        const replies = [
          await admin.get(path),
          await admin.put(path, { first_name: 'x' }),
          await admin.delete(path),
          await admin.put(`${path}/actions/key/reset`),
          await admin.put(`${path}/actions/revoke`),
          await admin.get(`${path}/permissions`),
        ];
        for (const { status, json } of replies) {
          expect([status, json['Message']]).toEqual([404, 'Could not retrieve user detail']);
        }
      }
      const found = expectOk(await admin.get('/api/users/search?q=@')).json;
      expect(listOf(found['users']).map((user) => user['org_id'])).toEqual([organisation.id, organisation.id]);
    });
  });

  describe('409: the last active administrator', () => {
    it('is neither removed, revoked nor demoted, by nobody', async () => {
      const { id } = organisation.admin;
      await api.user(organisation.id, { IsAdmin: 'admin' });
      const inactive = await api.user(organisation.id, { IsAdmin: 'admin' });
      for (const user of listOf(expectOk(await admin.get('/api/users?p=-1')).json['users'])) {
        const other = textOf(user['id']);
        if (other === id || other === manager.id) continue;
        expectOk(await admin.put(`/api/users/${other}`, { active: false }));
      }
      const path = `/api/users/${id}`;
      const refused = [
        await admin.delete(path),
        await admin.put(path, { active: false }),
        await admin.put(path, { user_permissions: { apis: 'write' } }),
        await admin.put(`${path}/actions/revoke`),
        await api.admin.delete(`/admin/users/${id}`),
        await api.admin.put(`/admin/users/${id}`, { user_permissions: { apis: 'write' } }),
      ];
      for (const { status, json } of refused) expect([status, json['Code']]).toEqual([409, 'last_administrator']);
      expectOk(await admin.put(`/api/users/${inactive.id}`, { active: true }));
      expectOk(await admin.put(path, { user_permissions: { apis: 'write' } }));
      expect((await admin.get('/api/users')).status).toBe(403);
    });
  });

  describe('on the operator’s plane', () => {
    it('changes and deletes users, and lets them reset passwords', async () => {
      const { id } = await api.user(organisation.id, { apis: 'read' });
      const path = `/admin/users/${id}`;
      const changed = expectOk(
        await api.admin.put(path, { last_name: 'L', org_id: '', user_permissions: { keys: 'write' } }),
      );
      expect(changed.json).toMatchObject({
        Message: 'User updated',
        Meta: { id, user_permissions: { keys: 'write' } },
      });
      const allowed = expectOk(await api.admin.put(`${path}/actions/allow_reset_passwords`));
      expect(allowed.json['Message']).toBe('User updated');
      expect(allowed.json['Meta']?.['user_permissions']).toEqual({ keys: 'write', ResetPassword: 'admin' });
      const taken = expectOk(await api.admin.put(`${path}/actions/disallow_reset_passwords`));
      expect(taken.json['Meta']?.['user_permissions']).toEqual({ keys: 'write' });
      expect((await api.admin.put(path, { org_id: missingId })).status).toBe(400);
      expect((await api.admin.put(path, {}, { headers: { 'if-match': '"1"' } })).status).toBe(412);
      expectOk(await api.admin.delete(path));
      expect((await api.admin.put(path, {})).status).toBe(404);
      expect((await api.admin.delete(path)).status).toBe(404);
      expect((await api.admin.put(`${path}/actions/allow_reset_passwords`)).status).toBe(404);
    });
  });
});
