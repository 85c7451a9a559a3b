import { listOf, textOf, unique, type HttpClient } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../test/api-under-test';

const missingId = '000000000000000000000000';

describe('/api/usergroups', () => {
  let api: ApiUnderTest;
  /** Another replica on the same database. */
  let replica: ApiUnderTest;
  let organisation: TestOrganisation;
  let admin: HttpClient;
  /** Not an administrator; may write users and groups, and read APIs. */
  let keeper: TestUser;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ CREDENTIAL_ATTEMPTS: '100000' });
    const database = new URL(api.config.mongodbUri).pathname.slice(1);
    replica = await ApiUnderTest.start({ DATABASE: database });
  });
  afterAll(async () => {
    await replica.stop();
    await api.stop();
  });
  beforeEach(async () => {
    organisation = await api.organisation();
    admin = organisation.admin.client;
    keeper = await api.user(organisation.id, { users: 'write', user_groups: 'write', apis: 'read' });
  });

  const group = async (permissions: Readonly<Record<string, string>>, name = unique('group')): Promise<string> =>
    textOf(expectOk(await admin.post('/api/usergroups', { name, user_permissions: permissions })).json['Meta']);
  const member = async (groups: readonly string[]): Promise<TestUser> => {
    const body = { email_address: `${unique('m')}@acme.example`, group_ids: groups };
    const { json } = expectOk(await admin.post('/api/users', body));
    const accessKey = textOf(json['AccessKey']);
    return { id: textOf(json['Meta']), accessKey, client: api.anonymous.with({ authorization: accessKey }) };
  };

  describe('200', () => {
    it('creates, shows, lists, changes what is sent, and deletes, in Tyk’s words', async () => {
      const made = expectOk(
        await admin.post('/api/usergroups', {
          active: true,
          description: 'Logs',
          name: 'Devops',
          org_id: missingId,
          user_permissions: { analytics: 'read', log: 'read', apis: 'deny' },
        }),
      );
      const id = textOf(made.json['Meta']);
      expect(made.text).toBe(`{"Status":"OK","Message":"User group created","Meta":"${id}"}`);
      const one = expectOk(await admin.get(`/api/usergroups/${id}`));
      expect(one.json).toEqual({
        active: true,
        description: 'Logs',
        id,
        name: 'Devops',
        org_id: organisation.id,
        password_max_days: 0,
        user_permissions: { analytics: 'read', log: 'read' },
      });
      expect(expectOk(await admin.get('/api/usergroups')).json).toEqual({ groups: [one.json], pages: 1 });
      const changed = expectOk(await admin.put(`/api/usergroups/${id}`, { description: 'More' }));
      expect(changed.text).toBe('{"Status":"OK","Message":"User group updated","Meta":null}');
      const after = expectOk(await admin.get(`/api/usergroups/${id}`)).json;
      expect(after).toEqual({ ...one.json, description: 'More' });
      const removed = expectOk(await admin.delete(`/api/usergroups/${id}`));
      expect(removed.text).toBe('{"Status":"OK","Message":"User group deleted","Meta":null}');
      expect((await admin.get(`/api/usergroups/${id}`)).status).toBe(404);
    });

    it('gives the members of several groups the rights of all, and says what comes from where', async () => {
      const one = await group({ apis: 'read', keys: 'read' }, 'One');
      const other = await group({ apis: 'write' }, 'Other');
      const { id, client } = await member([one, other]);
      expect((await client.get('/api/keys')).status).not.toBe(403);
      expect((await client.post('/api/apis', {})).status).toBe(400);
      expect((await client.get('/api/users')).status).toBe(403);
      expect(expectOk(await client.get('/api/users/me')).json['group_id']).toBe(one);
      expectOk(await admin.put(`/api/users/${id}`, { user_permissions: { log: 'read' } }));
      const { json } = expectOk(await admin.get(`/api/users/${id}/permissions`));
      expect(json['administrator']).toBe(false);
      expect(listOf(json['permissions']).map(({ name, value }) => [name, value])).toEqual([
        ['log', 'read'],
        ['apis', 'write'],
        ['keys', 'read'],
      ]);
      const [, apis] = listOf(json['permissions']);
      expect(apis?.['sources']).toEqual([
        { from: 'group', id: one, name: 'One', value: 'read' },
        { from: 'group', id: other, name: 'Other', value: 'write' },
      ]);
      expect(json['groups']).toEqual([
        { id: one, name: 'One', active: true },
        { id: other, name: 'Other', active: true },
      ]);
    });

    it('keeps the other groups of somebody whom an old client sends back as it was shown', async () => {
      const [one, other] = [await group({ apis: 'read' }), await group({ keys: 'read' })];
      const { id, client } = await member([one, other]);
      const shown = expectOk(await admin.get(`/api/users/${id}`)).json;
      // It has no rights of its own, which are not taken for none at all while it has groups.
      expectOk(await admin.put(`/api/users/${id}`, { ...shown, first_name: 'New' }));
      expect(listOf(expectOk(await client.get('/api/users/me/permissions')).json['groups'])).toHaveLength(2);
      expectOk(await admin.put(`/api/users/${id}`, { group_id: other }));
      expect((await client.get('/api/apis')).status).toBe(403);
      expectOk(await admin.put(`/api/users/${id}`, { groups_ids: [one] }));
      expect((await client.get('/api/apis')).status).toBe(200);
    });
  });

  it('every change of rights acts on the next request, on every replica', async () => {
    const id = await group({ apis: 'read' });
    const { id: userId, accessKey } = await member([id]);
    const there = replica.anonymous.with({ authorization: accessKey });
    const statusAfter = async (change: Promise<unknown>): Promise<number> => {
      await change;
      return (await there.get('/api/apis')).status;
    };
    const groupPut = async (body: object) => expectOk(await admin.put(`/api/usergroups/${id}`, body));
    const userPut = async (body: object) => expectOk(await admin.put(`/api/users/${userId}`, body));
    expect(await statusAfter(Promise.resolve())).toBe(200);
    expect(await statusAfter(groupPut({ user_permissions: { keys: 'read' } }))).toBe(403);
    expect(await statusAfter(userPut({ user_permissions: { apis: 'read' } }))).toBe(200);
    expect(await statusAfter(userPut({ user_permissions: {} }))).toBe(403);
    expect(await statusAfter(groupPut({ user_permissions: { apis: 'read' } }))).toBe(200);
    expect(await statusAfter(groupPut({ active: false }))).toBe(403);
    expect(await statusAfter(groupPut({ active: true }))).toBe(200);
    expect(await statusAfter(userPut({ active: false }))).toBe(401);
    expect(await statusAfter(userPut({ active: true }))).toBe(200);
    expect(await statusAfter(admin.put(`/api/users/${userId}/actions/revoke`))).toBe(401);
  });

  describe('400', () => {
    it.each([
      [{}, ['name', 'user_permissions']],
      [{ name: 'x', user_permissions: { api: 'read' } }, ['user_permissions.api']],
      [{ name: 'x', user_permissions: {} }, ['user_permissions']],
      [{ name: 'x', user_permissions: 'all' }, ['user_permissions']],
      [{ name: 7, user_permissions: { apis: 'read' } }, ['name']],
    ])('names what is wrong with %j', async (body, paths) => {
      const reply = await admin.post('/api/usergroups', body);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
      const named = listOf(reply.json['Errors']).map((error) => textOf(error['path']));
      expect(paths).toEqual(expect.arrayContaining(named));
    });
  });

  describe('401 and 403', () => {
    it('asks for user_groups', async () => {
      expect((await api.anonymous.get('/api/usergroups')).status).toBe(401);
      const id = await group({ apis: 'read' });
      const { client } = await api.user(organisation.id, { user_groups: 'read' });
      const replies = [
        await client.post('/api/usergroups', {}),
        await client.put(`/api/usergroups/${id}`, {}),
        await client.delete(`/api/usergroups/${id}`),
      ];
      expect(replies.map(({ status }) => status)).toEqual([403, 403, 403]);
      const stranger = await api.user(organisation.id, { users: 'write' });
      expect((await stranger.client.get('/api/usergroups')).status).toBe(403);
    });

    it('lets nobody give rights through a group that they lack', async () => {
      const own = await group({ apis: 'read' });
      expectOk(await admin.put(`/api/users/${keeper.id}`, { group_ids: [own] }));
      for (const rights of [{ keys: 'write' }, { IsAdmin: 'admin' }]) {
        const replies = [
          await keeper.client.post('/api/usergroups', { name: 'x', user_permissions: rights }),
          await keeper.client.put(`/api/usergroups/${own}`, { user_permissions: rights }),
        ];
        for (const { status, json } of replies) expect([status, json['Code']]).toEqual([403, 'rights_exceeded']);
      }
      expectOk(await keeper.client.put(`/api/usergroups/${own}`, { name: 'Mine' }));
    });

    it('lets nobody touch a stronger group, not even its name, or put anybody into it, switched off or not', async () => {
      const strong = await group({ keys: 'write' });
      const path = `/api/usergroups/${strong}`;
      for (const active of [true, false]) {
        expectOk(await admin.put(path, { active }));
        const replies = [
          await keeper.client.put(path, { name: 'x' }),
          await keeper.client.put(path, { active: !active }),
          await keeper.client.put(path, { user_permissions: { apis: 'read' } }),
          await keeper.client.delete(path),
          await keeper.client.put(`/api/users/${keeper.id}`, { group_id: strong }),
          await keeper.client.post('/api/users', {
            email_address: `${unique('m')}@acme.example`,
            group_id: strong,
            user_permissions: { apis: 'read' },
          }),
        ];
        for (const { status, json } of replies) expect([status, json['Code']]).toEqual([403, 'rights_exceeded']);
      }
      expect((await keeper.client.get('/api/keys')).status).toBe(403);
    });
  });

  describe('404', () => {
    it('answers the same for a missing group and for one of another organisation', async () => {
      const other = (await api.organisation()).admin.client;
      const theirs = await other.post('/api/usergroups', { name: 'x', user_permissions: { apis: 'read' } });
      for (const id of [missingId, 'none', textOf(expectOk(theirs).json['Meta'])]) {
        const path = `/api/usergroups/${id}`;
        const replies = [await admin.get(path), await admin.put(path, { name: 'y' }), await admin.delete(path)];
        for (const { status, json } of replies) {
          expect([status, json['Message']]).toEqual([404, 'Could not retrieve user group detail.']);
        }
        const joined = await admin.put(`/api/users/${keeper.id}`, { group_ids: [id] });
        expect(joined.status).toBe(400);
      }
    });
  });

  describe('409', () => {
    it('does not delete a group in use, and says who uses it', async () => {
      const id = await group({ apis: 'read' });
      const one = await member([id]);
      const reply = await admin.delete(`/api/usergroups/${id}`);
      expect([reply.status, reply.json['Code']]).toEqual([409, 'in_use']);
      expect(reply.json['Errors']).toMatchObject([{ path: `users.${one.id}.group_ids` }]);
      expectOk(await admin.delete(`/api/users/${one.id}`));
      expectOk(await admin.delete(`/api/usergroups/${id}`));
    });

    it('keeps the last administrator, who is one as a member of a group', async () => {
      const id = await group({ IsAdmin: 'admin' });
      const one = await member([id]);
      expectOk(await one.client.delete(`/api/users/${organisation.admin.id}`));
      const replies = [
        await one.client.put(`/api/usergroups/${id}`, { active: false }),
        await one.client.put(`/api/usergroups/${id}`, { user_permissions: { apis: 'read' } }),
        await one.client.put(`/api/users/${one.id}`, { group_ids: [], user_permissions: { apis: 'read' } }),
      ];
      for (const { status, json } of replies) expect([status, json['Code']]).toEqual([409, 'last_administrator']);
      expect((await one.client.get('/api/users')).status).toBe(200);
    });
  });

  it('412: refuses a write against another version', async () => {
    const id = await group({ apis: 'read' });
    expectOk(await admin.put(`/api/usergroups/${id}`, { name: 'a' }, { headers: { 'if-match': '"1"' } }));
    const stale = { headers: { 'if-match': '"1"' } };
    expect((await admin.put(`/api/usergroups/${id}`, { name: 'b' }, stale)).status).toBe(412);
    expect((await admin.delete(`/api/usergroups/${id}`, stale)).status).toBe(412);
  });

  describe('permissions of the organisation’s own', () => {
    it('can be given like others, by those who have them', async () => {
      const put = expectOk(
        await admin.put('/api/org/permissions', { additional_permissions: { billing: 'Invoices' } }),
      );
      expect(put.json['Message']).toBe('Additional Permissions updated in org level.');
      expect(expectOk(await admin.get('/api/org/permissions')).json).toEqual({
        additional_permissions: { billing: 'Invoices' },
      });
      const catalogue = expectOk(await keeper.client.get('/api/permissions')).json;
      expect(listOf(catalogue['permissions'])).toContainEqual({
        name: 'billing',
        description: 'Invoices',
        values: ['read', 'write'],
      });
      expect(listOf(catalogue['permissions']).map(({ name }) => name)).toContain('apis');
      const body = { name: 'Billing', user_permissions: { billing: 'write' } };
      expect((await keeper.client.post('/api/usergroups', body)).status).toBe(403);
      const id = textOf(expectOk(await admin.post('/api/usergroups', body)).json['Meta']);
      // Taken out of the organisation it may come back, and is not within the reach of those who lack it.
      expectOk(await admin.put('/api/org/permissions', { additional_permissions: {} }));
      expect((await keeper.client.put(`/api/usergroups/${id}`, { name: 'x' })).status).toBe(403);
    });
  });
});
