import type { Redis } from 'ioredis';
import { REDIS } from '@castellan/delivery';
import { listOf, textOf, unique, type HttpClient, type JsonReply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { Browser } from '../../test/browser';

const password = 'violet anchors hum beneath paper oceans';
const renewed = 'entirely different furniture in the harbour';

describe('of what people do with accounts, theirs and others, the audit log holds', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let addresses = 0;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ TRUST_PROXY: '1' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  /** An address that nobody else calls from, by which records are found. */
  const anAddress = (): string => `10.8.0.${(addresses += 1)}`;
  const calling = (client: HttpClient, address: string): HttpClient => client.with({ 'x-forwarded-for': address });
  const recordsFrom = async (address: string): Promise<readonly JsonReply[]> =>
    listOf(expectOk(await api.admin.get(`/admin/audit-logs?p=-1&ip=${address}`)).json['audit_logs']).toReversed();
  const operationsIn = ({ diff }: JsonReply): readonly unknown[] =>
    (JSON.parse(textOf(diff)) as JsonReply[]).flatMap(({ operations }) => listOf(operations));
  const newUser = async (permissions: Readonly<Record<string, string>>, fields: object = {}) => {
    const email = `${unique('user')}@acme.example`;
    const sent = { email_address: email, org_id: organisation.id, user_permissions: permissions, ...fields };
    const { json } = expectOk(await api.admin.post('/admin/users', sent));
    const client = api.anonymous.with({ authorization: textOf(json['Message']) });
    return { email, id: textOf(json['Meta']?.['id']), client };
  };

  it('each refused attempt to come to more rights, with who, from where, what and why', async () => {
    const manager = await newUser({ users: 'write', user_groups: 'write' });
    const strong = await newUser({ keys: 'write' });
    const group = { name: unique('strong'), user_permissions: { IsAdmin: 'admin' } };
    const groupId = textOf(expectOk(await organisation.admin.client.post('/api/usergroups', group)).json['Meta']);
    const from = anAddress();
    const client = calling(manager.client, from);
    const born = { email_address: `${unique('born')}@acme.example` };
    const tries: readonly (readonly [string, string, object?])[] = [
      ['PUT', `/api/users/${manager.id}`, { user_permissions: { IsAdmin: 'admin' } }],
      ['PUT', `/api/users/${manager.id}`, { group_ids: [groupId] }],
      ['POST', '/api/users', { ...born, user_permissions: { keys: 'write' } }],
      ['POST', '/api/users', { ...born, group_id: groupId }],
      ['PUT', `/api/users/${strong.id}`, { first_name: 'x' }],
      ['PUT', `/api/users/${strong.id}/actions/key/reset`],
      ['PUT', `/api/users/${strong.id}/actions/revoke`],
      ['DELETE', `/api/users/${strong.id}`],
      ['POST', `/api/users/${strong.id}/actions/reset`, { new_password: renewed }],
      ['POST', '/api/usergroups', group],
      ['PUT', `/api/usergroups/${groupId}`, { description: 'x' }],
      ['DELETE', `/api/usergroups/${groupId}`],
      ['POST', '/api/sso', { ForSection: 'dashboard', EmailAddress: strong.email }],
      ['DELETE', `/api/sessions?user_id=${strong.id}`],
    ];
    const statuses: number[] = [];
    for (const [method, path, body] of tries) statuses.push((await client.call(method, path, { body })).status);
    expect(statuses).toEqual(tries.map(() => 403));
    const records = await recordsFrom(from);
    expect(records.map(({ method, url }) => [method, url])).toEqual(
      tries.map(([method, path]) => [method, path.split('?')[0]]),
    );
    for (const record of records) {
      expect(record).toMatchObject({ user: manager.email, actor_id: manager.id, status: 403, diff: null, changes: [] });
      expect(textOf(record['refusal'])).toMatch(/^(rights_exceeded|forbidden): /);
    }
  });

  it('each login that single sign-on refuses, with the reason, also by a nonce that is over', async () => {
    const inactive = await newUser({ apis: 'read' }, { active: false });
    const mint = async (email: string) =>
      textOf(
        expectOk(await organisation.admin.client.post('/api/sso', { ForSection: 'dashboard', EmailAddress: email }))
          .json['Meta'],
      );
    const from = anAddress();
    const tap = (nonce: string) => calling(api.anonymous, from).get(`/tap?nonce=${encodeURIComponent(nonce)}`);
    const [refused, late] = [await mint(inactive.email), await mint(inactive.email)];
    expect((await tap(refused)).status).toBe(403);
    const redis = api.app.get<Redis>(REDIS);
    await redis.del(await redis.keys('castellan:sso:*'));
    for (const nonce of [refused, late, 'never-made']) expect((await tap(nonce)).status).toBe(401);
    const records = await recordsFrom(from);
    expect(records.map(({ user, action, url, status }) => [user, action, url, status])).toEqual([
      [inactive.email, 'Login by SSO', '/tap', 403],
      ...[1, 2, 3].map(() => ['', 'Login by SSO', '/tap', 401]),
    ]);
    expect(records.map(({ org_id: org }) => org)).toEqual([organisation.id, '', '', '']);
    for (const nonce of [refused, late]) expect(JSON.stringify(records)).not.toContain(nonce);
  });

  it('what the operator was refused, by the name of the secret', async () => {
    const from = anAddress();
    const operator = calling(api.admin, from);
    expect((await operator.post('/admin/users', { email_address: 'x', org_id: organisation.id })).status).toBe(400);
    expect((await operator.delete(`/admin/users/${'f'.repeat(24)}`)).status).toBe(404);
    expect((await recordsFrom(from)).map(({ user, action, status }) => [user, action, status])).toEqual([
      ['admin', 'Create User', 400],
      ['admin', 'Delete User', 404],
    ]);
  });

  it('what somebody changes of themselves: address, rights, key, sessions and password', async () => {
    const person = await newUser({ IsAdmin: 'admin' }, { password });
    const from = anAddress();
    const [own, there] = [new Browser(calling(api.anonymous, from)), new Browser(api.anonymous)];
    for (const browser of [own, there]) expectOk(await browser.logIn({ email_address: person.email, password }));
    const email_address = `${unique('moved')}@acme.example`;
    const current_password = password;
    const me = `/api/users/${person.id}`;
    expectOk(await own.call('PUT', me, { email_address }));
    expectOk(await own.call('PUT', me, { user_permissions: { users: 'write', apis: 'read' } }));
    expectOk(await own.call('PUT', `${me}/actions/key/reset`, { current_password }));
    expect((await own.call('PUT', `${me}/actions/key/reset`, { current_password: 'a guess' })).status).toBe(400);
    expectOk(await own.call('DELETE', '/api/sessions'));
    expectOk(await own.call('POST', `${me}/actions/reset`, { new_password: renewed, current_password }));
    const records = await recordsFrom(from);
    expect(records.map(({ user, action, status }) => [user, action, status])).toEqual([
      [person.email, 'Login', 200],
      [person.email, 'Update User', 200],
      [email_address, 'Update User', 200],
      [email_address, expect.stringContaining('Key'), 200],
      [email_address, expect.stringContaining('Key'), 400],
      [email_address, expect.stringContaining('Session'), 200],
      [email_address, 'Reset User Password', 200],
    ]);
    for (const record of records) expect(record['actor_id']).toBe(person.id);
    const [, moved = {}, weaker = {}] = records;
    // Addresses are in it as digests, by which they can be compared.
    const [change] = listOf(operationsIn(moved));
    expect(change).toMatchObject({ op: 'replace', path: '/email_address' });
    expect(change?.['value']).toMatch(/^sha256:/);
    expect(change?.['value']).not.toBe(change?.['before']);
    const changes = operationsIn(weaker);
    for (const one of [
      { op: 'add', path: '/user_permissions/users', value: 'write' },
      { op: 'add', path: '/user_permissions/apis', value: 'read' },
      { op: 'remove', path: '/user_permissions/IsAdmin', before: 'admin' },
    ]) {
      expect(changes).toContainEqual(one);
    }
    expect(JSON.stringify(records)).not.toMatch(/argon2|violet|furniture/);
  });

  it('who came with an organisation and with which rights, when the operator founds one', async () => {
    const from = anAddress();
    const body = { owner_name: unique('org'), email_address: `${unique('ada')}@acme.example` };
    const { json } = expectOk(await calling(api.admin, from).post('/admin/bootstrap', body));
    const [record, ...others] = await recordsFrom(from);
    expect(others).toEqual([]);
    expect(record).toMatchObject({ user: 'admin', status: 200, org_id: json['Meta']?.['org_id'] });
    expect(listOf(record?.['changes'])).toContainEqual(expect.objectContaining({ kind: 'user', operation: 'create' }));
    expect(textOf(record?.['diff'])).toContain('IsAdmin');
  });

  it('what somebody did who is gone, by name and id, for good: nobody changes or deletes a record', async () => {
    const person = await newUser({ users: 'write', apis: 'read' });
    expectOk(await person.client.put(`/api/users/${person.id}`, { first_name: 'Gone' }));
    const { client } = organisation.admin;
    expectOk(await client.delete(`/api/users/${person.id}`));
    const path = `/api/audit-logs?p=-1&user=${person.id}`;
    const before = listOf(expectOk(await client.get(path)).json['audit_logs']);
    expect(before).toMatchObject([{ user: person.email, actor_id: person.id, action: 'Update User' }]);
    expect(listOf(expectOk(await client.get(`/api/audit-logs?p=-1&user=${person.email}`)).json['audit_logs'])).toEqual(
      before,
    );
    const id = textOf(before[0]?.['_id']);
    const foreign = await api.organisation();
    for (const by of [client, foreign.admin.client, api.admin]) {
      for (const prefix of ['/api', '/admin']) {
        for (const method of ['DELETE', 'PUT', 'PATCH', 'POST']) {
          const status = [`${prefix}/audit-logs/${id}`, `${prefix}/audit-logs`].map(
            async (address) => (await by.call(method, address, { body: { user: 'somebody else' } })).status,
          );
          for (const one of await Promise.all(status)) expect([401, 404, 405]).toContain(one);
        }
      }
    }
    const exported = expectOk(await foreign.admin.client.get('/api/audit-logs?download=true&type=json'));
    expect(exported.text).not.toContain(person.email);
    expect((await foreign.admin.client.get(`/api/audit-logs/${id}`)).status).toBe(404);
    expect(listOf(expectOk(await client.get(path)).json['audit_logs'])).toEqual(before);
  });
});
