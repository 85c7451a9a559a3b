import { anApiDefinition, aPolicy, listOf, textOf, unique, type HttpClient, type JsonReply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const pageSize = 3;

/** The lists that are of all organisations, by the name of their rows; an asset list is bare. */
const lists: readonly (readonly [path: string, rows: string, pages: string])[] = [
  ['/api/apis', 'apis', 'pages'],
  ['/api/apis/search', 'apis', 'pages'],
  ['/api/users', 'users', 'pages'],
  ['/api/users/search', 'users', 'pages'],
  ['/api/usergroups', 'groups', 'pages'],
  ['/api/portal/policies', 'Data', 'Pages'],
  ['/api/portal/policies/search', 'Data', 'Pages'],
  ['/api/hooks', 'hooks', 'pages'],
];

/** How each sort of row says whose it is. */
const organisationOf = (row: JsonReply): string => textOf((row['api_definition'] ?? row)['org_id']);
const idOf = (row: JsonReply): string => textOf(row['_id'] ?? row['id'] ?? row['api_definition']?.['id']);

describe('a super user who names no organisation', () => {
  let api: ApiUnderTest;
  let first: TestOrganisation;
  let second: TestOrganisation;
  let client: HttpClient;

  const furnish = async ({ admin: { client: by } }: TestOrganisation, mark: string): Promise<void> => {
    const apis: string[] = [];
    for (const name of ['one', 'two']) {
      const api_definition = anApiDefinition({ name: `${mark} ${name}` });
      apis.push(textOf(expectOk(await by.post('/api/apis', { api_definition })).json['ID']));
    }
    for (const name of ['one', 'two']) expectOk(await by.post('/api/portal/policies', aPolicy(apis, { name })));
    for (const name of ['one', 'two']) {
      expectOk(await by.post('/api/hooks', { name, method: 'POST', target_path: 'http://hook.example/' }));
      expectOk(await by.post('/api/usergroups', { name, user_permissions: { apis: 'read' } }));
    }
    const email_address = `${mark}@acme.example`;
    expectOk(await by.post('/api/users', { email_address, user_permissions: { apis: 'read' } }));
  };

  beforeAll(async () => {
    api = await ApiUnderTest.start({ PAGE_SIZE: String(pageSize) });
    [first, second] = [await api.organisation(), await api.organisation()];
    await furnish(first, 'alpha');
    await furnish(second, 'omega');
    ({ client } = await api.superUser());
  });
  afterAll(() => api.stop());

  const inside = ({ id }: TestOrganisation): HttpClient => client.with({ 'x-castellan-organisation': id });
  const rowsAt = async (by: HttpClient, path: string, rows: string): Promise<readonly JsonReply[]> =>
    listOf(expectOk(await by.get(path)).json[rows]);

  describe('sees in lists what all organisations have', () => {
    it.each(lists)('%s: everything that each shows, and whose it is', async (path, rows) => {
      const all = await rowsAt(client, `${path}?p=-1`, rows);
      const each = [
        await rowsAt(inside(first), `${path}?p=-1`, rows),
        await rowsAt(inside(second), `${path}?p=-1`, rows),
      ];
      expect(all.map(idOf).toSorted()).toEqual(each.flat().map(idOf).toSorted());
      for (const [index, { id }] of [first, second].entries()) {
        expect(each[index]?.length).toBeGreaterThan(1);
        const theirs = all.filter((row) => organisationOf(row) === id);
        expect(theirs.map(idOf).toSorted()).toEqual(each[index]?.map(idOf).toSorted());
      }
    });

    it.each(lists)('%s: in pages and in pieces that hold everything once', async (path, rows, pages) => {
      const all = (await rowsAt(client, `${path}?p=-1`, rows)).map(idOf);
      const { json } = expectOk(await client.get(`${path}?p=1`));
      expect(json[pages]).toBe(Math.ceil(all.length / pageSize));
      const paged: string[] = [];
      for (let page = 1; page <= Math.ceil(all.length / pageSize); page += 1) {
        const shown = (await rowsAt(client, `${path}?p=${page}`, rows)).map(idOf);
        expect(shown.length).toBeLessThanOrEqual(pageSize);
        paged.push(...shown);
      }
      expect(paged).toEqual(all);
      const pieces: string[] = [];
      for (let after: string | null = ''; after !== null;) {
        const reply = expectOk(await client.get(after === '' ? path : `${path}?after=${encodeURIComponent(after)}`));
        pieces.push(...listOf(reply.json[rows]).map(idOf));
        after = reply.headers.get('x-next-after');
      }
      expect(pieces).toEqual(all);
    });

    it('searches, filters and sorts over all of them', async () => {
      const named = async (path: string): Promise<readonly string[]> =>
        (await rowsAt(client, path, 'apis')).map((row) => textOf(row['api_definition']?.['name']));
      expect(await named('/api/apis/search?q=TWO&p=-1')).toEqual(['omega two', 'alpha two']);
      expect(await named('/api/apis?q=a%20one&sort=name&compressed=1')).toEqual(['alpha one', 'omega one']);
      expect(await named('/api/apis?active=false&p=-1')).toEqual([]);
      expect(await named('/api/apis?base_apis=true&p=-1&sort=-name')).toHaveLength(4);
      const people = async (path: string, body?: object): Promise<readonly string[]> =>
        listOf(expectOk(await (body === undefined ? client.get(path) : client.post(path, body))).json['users']).map(
          (user) => textOf(user['email_address']),
        );
      const both = ['alpha@acme.example', 'omega@acme.example'];
      expect(await people('/api/users/search?q=@ACME.example')).toEqual(both);
      expect(await people('/api/users/search', { filters: { query: '@acme.example' } })).toEqual(both);
      expect(listOf(expectOk(await client.get('/api/portal/policies?q=two&p=-1')).json['Data'])).toHaveLength(2);
    });

    it('shows a change of either at once', async () => {
      const name = unique('late');
      const api_definition = anApiDefinition({ name });
      const { json } = expectOk(await second.admin.client.post('/api/apis', { api_definition }));
      const path = `/api/apis/search?q=${name}`;
      expect(await rowsAt(client, path, 'apis')).toHaveLength(1);
      expectOk(await second.admin.client.delete(`/api/apis/${textOf(json['Meta'])}`));
      expect(await rowsAt(client, path, 'apis')).toEqual([]);
    });

    it('leaves out super users, whom the operator lists', async () => {
      const { id } = await api.superUser();
      expect((await rowsAt(client, '/api/users?p=-1', 'users')).map(idOf)).not.toContain(id);
      expect((await client.get(`/api/users/${id}`)).status).toBe(404);
    });

    it('is for nobody else: the same lists show an administrator one organisation alone', async () => {
      for (const [path, rows] of lists) {
        const shown = await rowsAt(first.admin.client, `${path}?p=-1`, rows);
        expect([...new Set(shown.map(organisationOf))]).toEqual([first.id]);
      }
    });
  });

  describe('acts by an id in the organisation that has it', () => {
    const made = async ({ admin: { client: by } }: TestOrganisation, path: string, body: object): Promise<string> => {
      const { json } = expectOk(await by.post(path, body));
      return textOf(json['Meta'] ?? json['Message']);
    };
    const audits = async ({ admin }: TestOrganisation, action: string) =>
      listOf(
        expectOk(await admin.client.get(`/api/audit-logs?p=-1&action=${encodeURIComponent(action)}`)).json[
          'audit_logs'
        ],
      );

    it.each<readonly [path: string, action: string, first: () => object, change: object]>([
      ['/api/apis', 'API', () => ({ api_definition: anApiDefinition() }), {}],
      ['/api/portal/policies', 'Policy', () => aPolicy([], { name: unique('policy') }), { name: 'Renamed' }],
      [
        '/api/usergroups',
        'User Group',
        () => ({ name: unique('group'), user_permissions: { apis: 'read' } }),
        { name: 'Renamed' },
      ],
    ])('%s: read, changed and deleted there, and recorded there alone', async (path, spoken, first_, change) => {
      const body = first_();
      const id = await made(second, path, body);
      const own = `${path}/${id}`;
      const shown = expectOk(await client.get(own));
      expect(organisationOf(shown.json)).toBe(second.id);
      const before = (await audits(first, `Update ${spoken}`)).length;
      const tag = shown.headers.get('etag') ?? '';
      expectOk(await client.put(own, { ...body, ...change }, { headers: { 'if-match': tag } }));
      expect((await client.put(own, { ...body, org_id: first.id })).status).toBe(400);
      expect((await inside(first).get(own)).status).toBeGreaterThanOrEqual(400);
      expectOk(await client.delete(own));
      expect((await client.get(own)).status).toBe(404);
      expect(await audits(first, `Update ${spoken}`)).toHaveLength(before);
      const [record] = await audits(second, `Delete ${spoken}`);
      expect(textOf(record?.['user'])).toMatch(/^user.*@example\.org$/);
    });

    it('sends an API back as it was shown, whatever its people wrote as org_id beside the definition', async () => {
      const sent = { org_id: first.id, api_definition: anApiDefinition() };
      const { json } = expectOk(await second.admin.client.post('/api/apis', sent));
      const path = `/api/apis/${textOf(json['Meta'])}`;
      const shown = expectOk(await client.get(path)).json;
      expect([organisationOf(shown), shown['org_id']]).toEqual([second.id, undefined]);
      expectOk(await client.put(path, shown));
      expectOk(await client.delete(path));
    });

    it('changes a user of any organisation under the rules of that one, and comes to no super user', async () => {
      const { id } = second.admin;
      const demoted = await client.put(`/api/users/${id}`, { user_permissions: { apis: 'read' } });
      expect([demoted.status, demoted.json['Code']]).toEqual([409, 'last_administrator']);
      expectOk(await client.get(`/api/users/${id}/permissions`));
      expectOk(await client.put(`/api/users/${id}`, { last_name: 'Lovelace' }));
      const other = await api.superUser();
      for (const status of [
        (await client.get(`/api/users/${other.id}`)).status,
        (await client.put(`/api/users/${other.id}`, { active: false })).status,
        (await client.delete(`/api/users/${other.id}`)).status,
        (await client.put(`/api/users/${other.id}/actions/key/reset`)).status,
      ]) {
        expect(status).toBe(404);
      }
    });

    it('is asked which one where an id means something in several, and where nothing tells', async () => {
      const id = unique('shared').toLowerCase();
      const asset = { id, kind: 'oas-template', name: id, data: {} };
      for (const { admin } of [first, second]) expect((await admin.client.post('/api/assets', asset)).status).toBe(201);
      for (const reply of [
        await client.get(`/api/assets/${id}`),
        await client.delete(`/api/assets/${id}`),
        await client.post('/api/portal/policies', aPolicy([], { name: id })),
      ]) {
        expect([reply.status, reply.json['Code']]).toEqual([400, 'organisation_needed']);
      }
      expectOk(await inside(second).delete(`/api/assets/${id}`));
      expect(expectOk(await client.get(`/api/assets/${id}`)).text).toBe(
        expectOk(await inside(first).get(`/api/assets/${id}`)).text,
      );
      expect(listOf(expectOk(await client.get('/api/assets')).json).map((one) => one['id'])).toEqual([id]);
    });

    it('is of itself alone where it asks about itself', async () => {
      const { id, client: own } = await api.superUser();
      expect(expectOk(await own.get('/api/users/me')).json).toMatchObject({ id, org_id: '' });
      expect(expectOk(await own.get('/api/users/me/permissions')).json['administrator']).toBe(true);
      const renewed = textOf(expectOk(await own.put('/api/users/me/actions/key/reset')).json['AccessKey']);
      expect((await own.get('/api/users/me')).status).toBe(401);
      expectOk(await api.anonymous.with({ authorization: renewed }).get('/api/users/me'));
    });
  });
});
