import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import { listOf, textOf, unique, type HttpClient, type JsonReply } from '@castellan/testing';
import { AnalyticsCollections } from '../apps/api/src/analytics/storage/collections';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { addApi, addHook, addPolicy } from '../apps/api/test/configuration';

const next = 'x-next-after';

const document = JSON.parse(readFileSync(join(__dirname, '..', 'openapi.json'), 'utf8')) as JsonReply;
/** The paths of all lists that can be read on from where a piece of them ended. */
const continued = Object.entries(document['paths'] ?? {}).flatMap(([path, { get }]) =>
  Object.values(get?.['parameters'] ?? {}).some(({ name }) => textOf(name) === 'after') ? [path] : [],
);

/** Lists by page that are read on in another way or not at all, and why. */
const otherwise: readonly [path: RegExp, reason: string][] = [
  [/^\/api\/logs$/, 'goes on by `cursor`, which was there first'],
  [/^\/api\/(activity|usage|uptime|errors\/count)\//, 'has sums of a time, which are no rows that come and go'],
  [/^\/api\/apis\/oas\/\{id\}\/versions$/, 'is given whole: the versions of one API'],
  [/^\/api\/certs\/\{id\}\/apis$/, 'is given whole: what uses one certificate'],
];

const parametersOf = ({ parameters }: JsonReply): string[] =>
  Object.values(parameters ?? {}).map(({ name }) => textOf(name));

/** Whether a list comes in pages: it can be asked for one of them, or its reply counts them. */
const isPaged = (operation: JsonReply): boolean => {
  if (parametersOf(operation).some((name) => ['p', 'page'].includes(name))) return true;
  const media = operation['responses']?.['200']?.['content']?.['application/json']?.['schema'];
  const named = [...JSON.stringify(media ?? {}).matchAll(/#\/components\/schemas\/([^"]+)/g)].map(([, name]) => name);
  return named.some((name) => {
    const properties = Object.keys(document['components']?.['schemas']?.[name ?? '']?.['properties'] ?? {});
    return properties.some((property) => ['pages', 'pagination'].includes(property.toLowerCase()));
  });
};

it('can be read on from where a piece ended, whichever list comes in pages', () => {
  const paged = Object.entries(document['paths'] ?? {}).flatMap(([path, { get }]) =>
    get !== undefined && isPaged(get) ? [path] : [],
  );
  expect(paged.length).toBeGreaterThan(30);
  const excepted = (path: string): boolean => otherwise.some(([pattern]) => pattern.test(path));
  expect(paged.filter((path) => !continued.includes(path) && !excepted(path))).toEqual([]);
  // No exception stays when what it was for is gone.
  expect(otherwise.filter(([pattern]) => !paged.some((path) => pattern.test(path)))).toEqual([]);
});

/** A list, and what a test needs to make rows of it and to take some away. */
interface List {
  readonly path: string;
  readonly rows: string;
  readonly idOf: (row: JsonReply) => string;
  readonly client: HttpClient;
  readonly add: () => Promise<unknown>;
  readonly remove: (row: JsonReply) => Promise<unknown>;
}

describe('a list that is read while others change it', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ PAGE_SIZE: '3' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  /** A record as the purger sets it aside. */
  const setAside = (): Promise<unknown> => {
    const bytes = Buffer.from('no record');
    const [at, expireAt] = [new Date(), new Date(Date.now() + 3_600_000)];
    const letter = {
      list: 'a list',
      reason: 'Cut off',
      bytes: new mongo.Binary(bytes),
      size: bytes.length,
      at,
      expireAt,
    };
    return api.app.get(AnalyticsCollections).deadLetters.insertOne(letter);
  };

  const listOfKind = async (kind: string): Promise<List> => {
    const own = await api.organisation();
    const { client } = own.admin;
    const lists: Readonly<Record<string, List>> = {
      apis: {
        path: '/api/apis',
        rows: 'apis',
        client,
        idOf: (row) => textOf(row['api_definition']?.['id']),
        add: () => addApi(own),
        remove: (row) => client.delete(`/api/apis/${textOf(row['api_definition']?.['id'])}`),
      },
      'apis by name': {
        path: '/api/apis?sort=-name',
        rows: 'apis',
        client,
        idOf: (row) => textOf(row['api_definition']?.['id']),
        add: () => addApi(own),
        remove: (row) => client.delete(`/api/apis/${textOf(row['api_definition']?.['id'])}`),
      },
      policies: {
        path: '/api/portal/policies',
        rows: 'Data',
        client,
        idOf: (row) => textOf(row['_id']),
        add: () => addPolicy(own, []),
        remove: (row) => client.delete(`/api/portal/policies/${textOf(row['_id'])}`),
      },
      'policies by state': {
        path: '/api/portal/policies?sort=state',
        rows: 'Data',
        client,
        idOf: (row) => textOf(row['_id']),
        add: () => addPolicy(own, [], { state: ['active', 'draft', 'deny'][(states += 1) % 3] }),
        remove: (row) => client.delete(`/api/portal/policies/${textOf(row['_id'])}`),
      },
      hooks: {
        path: '/api/hooks',
        rows: 'hooks',
        client,
        idOf: (row) => textOf(row['id']),
        add: () => addHook(own),
        remove: (row) => client.delete(`/api/hooks/${textOf(row['id'])}`),
      },
      users: {
        path: '/api/users',
        rows: 'users',
        client,
        idOf: (row) => textOf(row['id']),
        add: () => api.user(own.id, { apis: 'read' }),
        remove: (row) => client.delete(`/api/users/${textOf(row['id'])}`),
      },
      'user groups': {
        path: '/api/usergroups',
        rows: 'groups',
        client,
        idOf: (row) => textOf(row['id']),
        add: () => client.post('/api/usergroups', { name: unique('group'), user_permissions: { apis: 'read' } }),
        remove: (row) => client.delete(`/api/usergroups/${textOf(row['id'])}`),
      },
      organisations: {
        path: '/admin/organisations',
        rows: 'organisations',
        client: api.admin,
        idOf: (row) => textOf(row['id']),
        add: () => api.organisation(),
        remove: (row) => api.remove(textOf(row['id'])),
      },
      'dead letters': {
        path: '/admin/analytics/dead-letters',
        rows: 'data',
        client: api.admin,
        idOf: (row) => textOf(row['id']),
        add: setAside,
        remove: (row) => api.admin.delete(`/admin/analytics/dead-letters/${textOf(row['id'])}`),
      },
    };
    const list = lists[kind];
    if (list === undefined) throw new Error(`No list of ${kind}`);
    return list;
  };
  let states = 0;

  const joined = (path: string, query: string): string => `${path}${path.includes('?') ? '&' : '?'}${query}`;

  /** Reads a list piece by piece, and does something between two pieces. */
  const readAll = async (list: List, between: (rows: readonly JsonReply[]) => Promise<unknown>): Promise<string[]> => {
    const ids: string[] = [];
    let query = 'p=1';
    for (;;) {
      const reply = expectOk(await list.client.get(joined(list.path, query)));
      const rows = listOf(reply.json[list.rows]);
      ids.push(...rows.map(list.idOf));
      const after = reply.headers.get(next);
      if (after === null) return ids;
      await between(rows);
      query = `after=${after}`;
    }
  };
  const everything = async ({ client, path, rows, idOf }: List): Promise<string[]> =>
    listOf(expectOk(await client.get(joined(path, 'p=-1'))).json[rows]).map(idOf);

  it.each([
    ...['apis', 'apis by name', 'policies', 'policies by state', 'hooks', 'users', 'user groups', 'organisations'],
    'dead letters',
  ])('misses and repeats nothing of %s', async (kind) => {
    const list = await listOfKind(kind);
    for (let count = 0; count < 8; count += 1) await list.add();
    const before = await everything(list);
    expect(await readAll(list, () => Promise.resolve())).toEqual(before);
    // Everything that was read is deleted, and by page the rest would move up.
    const doomed = before.filter((id) => id !== organisation.id).slice(0, 3);
    const read = await readAll(list, (rows) =>
      Promise.all(rows.filter((row) => doomed.includes(list.idOf(row))).map(list.remove)),
    );
    expect(read).toEqual(before);
  });

  it('goes through users, of an organisation alone too', async () => {
    const own = await api.organisation();
    for (let count = 0; count < 4; count += 1) await api.user(own.id, { apis: 'read' });
    const first = expectOk(await api.admin.get(`/admin/users?org_id=${own.id}`));
    const second = expectOk(
      await api.admin.get(`/admin/users?org_id=${own.id}&after=${first.headers.get(next) ?? ''}`),
    );
    const users = [...listOf(first.json['users']), ...listOf(second.json['users'])];
    expect(new Set(users.map(({ id }) => textOf(id))).size).toBe(5);
    expect([...new Set(users.map(({ org_id: id }) => textOf(id)))]).toEqual([own.id]);
    expect(second.headers.get(next)).toBeNull();
  });

  it('shows the operator all users only when no organisation is named, not when its id is empty or wrong', async () => {
    const [own, other] = [await api.organisation(), await api.organisation()];
    const owners = async (query: string): Promise<unknown[]> =>
      listOf(expectOk(await api.admin.get(`/admin/users?p=-1${query}`)).json['users']).map((user) => user['org_id']);
    expect(await owners('')).toEqual(expect.arrayContaining([own.id, other.id]));
    expect(await owners(`&org_id=${own.id}`)).toEqual([own.id]);
    for (const path of ['/admin/users?org_id=', '/admin/users?org_id=acme', '/admin/audit-logs?org_id=']) {
      const reply = await api.admin.get(path);
      expect([path, reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([path, 400, 'org_id']);
    }
  });

  it('goes through audit records and revisions', async () => {
    const { client } = organisation.admin;
    const apiId = await addApi(organisation);
    const { json } = expectOk(await client.get(`/api/apis/${apiId}`));
    const definition = { ...json['api_definition'] };
    for (let count = 0; count < 5; count += 1) {
      expectOk(await client.put(`/api/apis/${apiId}`, { api_definition: { ...definition, name: `name ${count}` } }));
    }
    const pieces = async (path: string, rows: string, idOf: (row: JsonReply) => unknown): Promise<unknown[]> => {
      const first = expectOk(await client.get(path));
      const second = expectOk(await client.get(joined(path, `after=${first.headers.get(next) ?? ''}`)));
      expect(second.headers.get(next)).toBeNull();
      return [...listOf(first.json[rows]), ...listOf(second.json[rows])].map(idOf);
    };
    expect(
      await pieces(`/api/apis/${textOf(definition['id'])}/revisions`, 'revisions', (row) => row['revision']),
    ).toEqual([6, 5, 4, 3, 2, 1]);
    const ids = await pieces('/api/audit-logs?method=PUT', 'audit_logs', (row) => row['_id']);
    expect(new Set(ids).size).toBe(5);
  });

  it.each(['x', 'WyJuYW1lIiwxXQ', Buffer.from('[1]').toString('base64url')])('refuses after=%s', async (after) => {
    const apiId = await addApi(organisation);
    let read = 0;
    for (const path of continued) {
      const client = path.startsWith('/admin') ? api.admin : organisation.admin.client;
      const reply = await client.get(`${path.replaceAll(/\{\w+\}/g, apiId)}?after=${after}`);
      // What stands below another sort of resource is not there, which may be said first.
      const errors = listOf(reply.json['Errors']);
      if (reply.status === 404 || errors.some((error) => textOf(error['path']) === 'apiId')) continue;
      read += 1;
      expect([path, reply.status, errors[0]?.['path']]).toEqual([path, 400, 'after']);
    }
    expect(read).toBeGreaterThan(15);
  });

  it('refuses a position of another order', async () => {
    const { client } = organisation.admin;
    for (let count = 0; count < 4; count += 1) await addApi(organisation);
    const after = (await client.get('/api/apis')).headers.get(next) ?? '';
    expect((await client.get(`/api/apis?after=${after}`)).status).toBe(200);
    expect((await client.get(`/api/apis?sort=name&after=${after}`)).status).toBe(400);
    expect((await client.get(`/api/apis?p=2&after=${after}`)).status).toBe(400);
  });

  it('asks for records of a part of a day', async () => {
    const { client } = organisation.admin;
    const [latest] = listOf(expectOk(await client.get('/api/audit-logs')).json['audit_logs']);
    const at = new Date(textOf(latest?.['date']));
    const counted = async (query: string): Promise<number> =>
      listOf(expectOk(await client.get(`/api/audit-logs?p=-1&${query}`)).json['audit_logs']).length;
    const later = new Date(at.getTime() + 2_000).toISOString();
    expect(await counted(`to_date=${later}`)).toBeGreaterThan(0);
    expect(await counted(`from_date=${later}`)).toBe(0);
    expect((await client.get('/api/audit-logs?from_date=10:00')).status).toBe(400);
  });
});
