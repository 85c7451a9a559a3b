import { anApiDefinition, listOf, textOf, unique, type JsonReply, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../apps/api/test/api-under-test';
import { addApi } from '../apps/api/test/configuration';

/** An operation of the published document that destroys something, or carries it away. */
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly names: readonly string[];
}

const someId = '000000000000000000000000';

/** Parameters that say how the path is read, or repeat what it names: they narrow nothing. */
const ofPath = new Set(['hashed', 'username', 'auto_guess', 'confirm']);
/** Routes on which one of these is a filter as well. */
const isOfPath = (path: string, name: string): boolean => ofPath.has(name) && !path.includes('/bulk/');
/** What makes something else of a document, and destroys nothing. */
const harmless = new Set(['/api/apis/oas/import', `/api/apis/oas/${someId}/export`]);

const isSharp = (method: string, path: string): boolean =>
  !harmless.has(path) &&
  (method === 'DELETE' ||
    path.endsWith('/export') ||
    (method === 'POST' && /\/(bulk\/.*|import|erase|reconcile)$/.test(path)));

describe('an empty or unknown narrowing of a call that destroys something, or carries it away', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let operations: readonly Operation[];
  let before: string;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '100000' });
    organisation = await api.organisation();
    const id = await addApi(organisation, anApiDefinition({ use_keyless: false }));
    const access_rights = { [id]: { api_id: id, versions: ['Default'] } };
    expectOk(await organisation.admin.client.post('/api/keys', { access_rights, tags: [unique('tag')] }));
    before = await state();
    const { json } = expectOk(await api.anonymous.get('/openapi.json'));
    operations = Object.entries(json['paths'] ?? {})
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({
          method: method.toUpperCase(),
          path: path.replaceAll(/\{\w+\}/g, someId),
          names: queryNames(operation).filter((name) => !isOfPath(path, name)),
        })),
      )
      .filter(({ method, path }) => isSharp(method, path));
  });
  afterAll(() => api.stop());

  const state = async (): Promise<string> => {
    const { client } = organisation.admin;
    const [configuration, keys] = [await client.get('/api/export'), await client.get('/api/keys?p=-1')];
    return `${expectOk(configuration).text} ${expectOk(keys).text}`;
  };
  const queryNames = (operation: JsonReply): string[] =>
    listOf(operation['parameters'] ?? [])
      .filter((one) => textOf(one['in']) === 'query')
      .map((one) => textOf(one['name']));
  const ask = ({ method, path }: Operation, query: string, body: unknown = {}): Promise<Reply> => {
    const client = path.startsWith('/admin')
      ? api.admin
      : path.startsWith('/api')
        ? organisation.admin.client
        : api.node;
    return client.call(method, `${path}${query}`, method === 'POST' ? { body } : {});
  };
  const refused = ({ status, json }: Reply): string =>
    status === 400
      ? listOf(json['Errors'])
          .map(({ path }) => textOf(path))
          .join()
      : `${status}`;

  it('is refused by the name of the parameter, on every such route: empty, blank, and unknown', async () => {
    expect(operations.length).toBeGreaterThan(25);
    const wrong: string[] = [];
    let asked = 0;
    for (const operation of operations) {
      for (const name of operation.names) {
        for (const value of ['', '%20', '%09']) {
          asked += 1;
          const said = refused(await ask(operation, `?${name}=${value}`));
          if (said !== name) wrong.push(`${operation.method} ${operation.path} ${name}="${value}": ${said}`);
        }
      }
      const said = refused(await ask(operation, `?tga=${someId}`));
      if (said !== 'tga' && operation.path !== '/system/node')
        wrong.push(`${operation.method} ${operation.path}: ${said}`);
    }
    expect(wrong).toEqual([]);
    expect(asked).toBeGreaterThan(100);
    expect(await state()).toBe(before);
  });

  it('is refused in bodies too: null, empty, of the wrong kind and unknown', async () => {
    const all = '?all=true&count=1';
    const empties = [null, '', [], {}, 7];
    const table: readonly (readonly [string, string, unknown])[] = [
      ...[...empties, ' ', 'a'].map((keys) => [`/api/keys/bulk/delete${all}`, 'keys', { keys }] as const),
      ...[...empties, 'a'].map(
        (keys) => [`/api/keys/bulk/update${all}`, 'keys', { keys, change: { rate: 1 } }] as const,
      ),
      [`/api/keys/bulk/delete${all}`, 'key', { key: ['a'] }],
      [`/api/keys/bulk/delete${all}`, 'tag', { tag: 'a' }],
      [`/api/keys/bulk/update${all}`, 'key', { key: ['a'], change: { rate: 1 } }],
      ...['key_hash', 'alias', 'address'].flatMap((name) =>
        [...empties, '', [''], ' '].map((value) => ['/api/analytics/erase', name, { [name]: value }] as const),
      ),
      ['/api/analytics/erase', 'hash', { hash: 'a', alias: 'b' }],
      ...['?prune=true', ''].flatMap((query) =>
        [null, '', [''], [null], 'a', {}, [' ']].map(
          (tags) => [`/api/import${query}`, 'castellan.tags', { castellan: { format: 1, tags }, apis: [] }] as const,
        ),
      ),
      ...[null, '', ' ', [], {}, 7].map(
        (category) =>
          ['/api/import?prune=true', 'castellan.category', { castellan: { format: 1, category }, apis: [] }] as const,
      ),
      ['/api/import?prune=true', 'castellan.tag', { castellan: { format: 1, tag: ['a'] }, apis: [] }],
      ['/api/import?prune=true', 'api', { castellan: { format: 1 }, api: [], apis: [] }],
    ];
    const wrong: string[] = [];
    for (const [address, name, body] of table) {
      const said = refused(await organisation.admin.client.post(address, body));
      if (!said.split(',').some((path) => path === name || path.startsWith(`${name}[`))) {
        wrong.push(`${address} ${JSON.stringify(body)}: ${said}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(await state()).toBe(before);
  });

  it('is refused where a log is taken away as a file, and means everything where it is shown', async () => {
    const { client } = organisation.admin;
    const narrowed = [
      'user',
      'action',
      'ip',
      'method',
      'status',
      'url',
      'from_date',
      'to_date',
      'resource',
      'request_id',
    ];
    for (const name of narrowed) {
      expect([name, refused(await client.get(`/api/audit-logs?download=true&${name}=`))]).toEqual([name, name]);
      expect([name, (await client.get(`/api/audit-logs?${name}=`)).status]).toEqual([name, 200]);
      expect([name, refused(await api.admin.get(`/admin/audit-logs?download=true&${name}=`))]).toEqual([name, name]);
    }
    for (const name of ['api', 'key', 'path', 'method', 'status', 'ip', 'tag', 'alias', 'tags']) {
      expect([name, refused(await client.get(`/api/logs?type=csv&start=1&end=2&${name}=`))]).toEqual([name, name]);
    }
  });
});
