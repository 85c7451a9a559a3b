import { recordLimits } from '@castellan/persistence';
import { anApiDefinition, listOf, textOf, unique, type JsonReply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

describe('lists of API definitions', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ PAGE_SIZE: '3', IMPORT_BATCH: '10' });
  });
  afterAll(() => api.stop());
  afterEach(() => {
    jest.restoreAllMocks();
  });
  beforeEach(async () => {
    organisation = await api.organisation();
  });

  const create = async (definition: object = {}, wrapper: object = {}): Promise<{ id: string; apiId: string }> => {
    const body = { api_definition: anApiDefinition({ ...definition }), ...wrapper };
    const { json } = expectOk(await organisation.admin.client.post('/api/apis', body));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const list = async (query = ''): Promise<JsonReply> =>
    expectOk(await organisation.admin.client.get(`/api/apis${query}`)).json;
  const names = async (query = ''): Promise<string[]> =>
    listOf((await list(query))['apis']).map((wrapper) => textOf(wrapper['api_definition']?.['name']));

  it('answers nothing in the wrapper that clients know', async () => {
    expect((await organisation.admin.client.get('/api/apis/')).text).toBe('{"apis":[],"pages":0}');
    expect((await organisation.admin.client.get('/api/apis?p=-2')).text).toBe('{"apis":[],"pages":0}');
  });

  it('pages through everything once, and gives everything for a negative page', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await create({ name });
    expect(await names('?sort=name&p=1')).toEqual(['a', 'b', 'c']);
    expect(await names('?sort=name&p=0')).toEqual(['a', 'b', 'c']);
    expect(await names('?sort=name&p=3')).toEqual(['g']);
    expect(await names('?sort=name&p=4')).toEqual([]);
    expect((await list('?p=2'))['pages']).toBe(3);
    expect(await names('?sort=name&p=-1')).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    expect((await list('?p=-2'))['pages']).toBe(1);
  });

  it('has every order, the newest first when none is asked for', async () => {
    const first = await create({ name: 'banana' });
    await create({ name: 'Apple' });
    await create({ name: 'cherry' });
    expect(await names()).toEqual(['cherry', 'Apple', 'banana']);
    expect(await names('?sort=created_at')).toEqual(['banana', 'Apple', 'cherry']);
    expect(await names('?sort=name')).toEqual(['Apple', 'banana', 'cherry']);
    expect(await names('?sort=-name')).toEqual(['cherry', 'banana', 'Apple']);
    const renamed = { api_definition: anApiDefinition({ name: 'banana split' }) };
    expectOk(await organisation.admin.client.put(`/api/apis/${first.id}`, renamed));
    expect(await names('?sort=-updated_at')).toEqual(['banana split', 'cherry', 'Apple']);
    expect(await names('?sort=updated_at')).toEqual(['Apple', 'cherry', 'banana split']);
    expect(await names('?sort=')).toEqual(['cherry', 'Apple', 'banana split']);
  });

  it('finds names by a part of them, whatever signs are in it', async () => {
    for (const name of ['Rate (100%)', 'rate.*', 'Größe', 'other']) await create({ name });
    expect(await names('?q=RATE&sort=name')).toEqual(['Rate (100%)', 'rate.*']);
    expect(await names(`?q=${encodeURIComponent('.*')}`)).toEqual(['rate.*']);
    expect(await names(`?q=${encodeURIComponent('(100%')}`)).toEqual(['Rate (100%)']);
    expect(await names(`?q=${encodeURIComponent('GRÖß')}`)).toEqual(['Größe']);
    expect(await names('?q=none')).toEqual([]);
    const searched = expectOk(await organisation.admin.client.get('/api/apis/search?q=rate&p=-1'));
    expect(listOf(searched.json['apis'])).toHaveLength(2);
    expect(searched.json['pages']).toBe(1);
    const all = expectOk(await organisation.admin.client.get('/api/apis/search'));
    expect([listOf(all.json['apis']).length, all.json['pages']]).toEqual([3, 2]);
  });

  it('filters by category, authentication, kind and state', async () => {
    await create({ name: 'one #eu #public', enable_jwt: true, use_keyless: false });
    await create({ name: 'two #us', active: false });
    await create({ name: 'three', internal: true }, { categories: ['share prices', 'eu'] });
    const graphql = { enabled: true, execution_mode: 'executionEngine', schema: 'type Query { a: String }' };
    await create({ name: 'four', graphql });
    expect(await names('?category=eu&sort=name')).toEqual(['one #eu #public', 'three']);
    expect(await names('?category=us,public&sort=name')).toEqual(['one #eu #public', 'two #us']);
    expect(await names('?category=share%20prices')).toEqual(['three']);
    expect(await names('?auth_type=jwt')).toEqual(['one #eu #public']);
    expect(await names('?auth_type=keyless,jwt&p=-1')).toHaveLength(4);
    expect(await names('?auth_type=oidc')).toEqual([]);
    expect(await names('?api_type=udg')).toEqual(['four']);
    expect(await names('?api_type=internal')).toEqual(['three']);
    expect(await names('?active=false')).toEqual(['two #us']);
    expect(await names('?active=true&category=eu&api_type=rest&q=THR')).toEqual(['three']);
    expect(await names('?category=&auth_type=&api_type=&active=&q=&p=-1')).toHaveLength(4);
  });

  it('gives whole wrappers, with times behind what was sent', async () => {
    const { id } = await create();
    const { text } = await organisation.admin.client.get(`/api/apis/${id}`);
    expect((await organisation.admin.client.get('/api/apis')).text).toBe(`{"apis":[${text}],"pages":1}`);
    expect(text).toMatch(/,"created_at":"[^"]+Z","updated_at":"[^"]+Z"}$/);
  });

  it('compressed, gives what a list shows', async () => {
    const { id, apiId } = await create({ name: 'small #eu', internal: true, domain: 'a.example', tags: ['edge'] });
    const { apis, pages } = await list('?compressed=1');
    expect(pages).toBe(1);
    const [wrapper] = listOf(apis);
    expect(wrapper).toMatchObject({
      api_model: {},
      categories: ['eu'],
      user_owners: [],
      user_group_owners: [],
      api_definition: {
        id,
        api_id: apiId,
        org_id: organisation.id,
        name: 'small #eu',
        active: true,
        internal: true,
        is_oas: false,
        domain: 'a.example',
        tags: ['edge'],
        proxy: { listen_path: expect.stringMatching(/^\//) as string },
      },
    });
    expect(wrapper?.['api_definition']).not.toHaveProperty('version_data');
  });

  it('shows each change at once, whoever made it', async () => {
    const other = await ApiUnderTest.start({ PAGE_SIZE: '3', DATABASE: databaseOf(api), ...secretsOf(api) });
    try {
      const elsewhere = other.anonymous.with({ authorization: organisation.admin.accessKey });
      const shown = async (): Promise<string[]> =>
        listOf(expectOk(await elsewhere.get('/api/apis?p=-1')).json['apis']).map((wrapper) =>
          textOf(wrapper['api_definition']?.['name']),
        );
      expect(await shown()).toEqual([]);
      const first = await create({ name: 'first' });
      expect(await shown()).toEqual(['first']);
      await create({ name: 'second' });
      expectOk(await organisation.admin.client.delete(`/api/apis/${first.id}`));
      expect(await shown()).toEqual(['second']);
      expectOk(await organisation.admin.client.post(`/api/apis/${first.id}/restore`));
      // It comes back as it was made then, so it stands where it stood.
      expect([...(await shown())].sort()).toEqual(['first', 'second']);
      const renamed = { api_definition: anApiDefinition({ name: 'renamed' }) };
      expectOk(await organisation.admin.client.put(`/api/apis/${first.id}`, renamed));
      expect([...(await shown())].sort()).toEqual(['renamed', 'second']);
      expectOk(await organisation.admin.client.post(`/api/apis/${first.id}/rollback`, { revision: 1 }));
      expect([...(await shown())].sort()).toEqual(['first', 'second']);
    } finally {
      await other.stop();
    }
  });

  it('shows everything of a change that is too large to be named one by one', async () => {
    await create({ name: 'before' });
    expect(await names('?p=-1')).toEqual(['before']);
    jest.replaceProperty(recordLimits, 'namedChanges', 20);
    const count = 30;
    const apis = Array.from({ length: count }, () => ({ api_definition: anApiDefinition({ api_id: unique('many') }) }));
    const imported = await organisation.admin.client.post('/api/import', { castellan: { format: 1 }, apis });
    expectOk(imported);
    expect((await list('?compressed=1'))['pages']).toBe(Math.ceil((count + 1) / 3));
    expect(listOf((await list('?compressed=1&p=-1'))['apis'])).toHaveLength(count + 1);
  });

  it('never shows a mixture while many write', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => create({ name: unique('together') })));
    const found = listOf((await list('?p=-1'))['apis']).map((wrapper) => textOf(wrapper['api_definition']?.['id']));
    expect([...found].sort()).toEqual(made.map(({ id }) => id).sort());
  });

  describe('categories', () => {
    it('are counted, and grouped', async () => {
      const one = await create({ name: 'one #eu #public' });
      const two = await create({ name: 'two #eu' }, { categories: ['share prices'] });
      const counted = expectOk(await organisation.admin.client.get('/api/apis/categories'));
      expect(counted.text).toBe(
        '{"categories":[{"name":"eu","count":2},{"name":"public","count":1},{"name":"share prices","count":1}]}',
      );
      const grouped = expectOk(await organisation.admin.client.get('/api/apis/groups'));
      expect(grouped.json).toEqual({
        eu: [one.apiId, two.apiId],
        public: [one.apiId],
        'share prices': [two.apiId],
      });
    });

    it('are none where there are none', async () => {
      expect((await organisation.admin.client.get('/api/apis/categories')).text).toBe('{"categories":[]}');
      expect((await organisation.admin.client.get('/api/apis/groups')).text).toBe('{}');
    });
  });

  it.each([
    ['sort', 'sort=size'],
    ['api_type', 'api_type=soap'],
    ['active', 'active=perhaps'],
    ['q', `q=${'x'.repeat(257)}`],
    ['q', 'q=a&q=b'],
    ['category', 'category=a&category=b'],
  ])('400: says what is wrong with %s', async (field, query) => {
    const reply = await organisation.admin.client.get(`/api/apis?${query}`);
    expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
    expect(new Set(listOf(reply.json['Errors']).map(({ path }) => path))).toEqual(new Set([field]));
  });

  const paths = ['/api/apis', '/api/apis/search', '/api/apis/categories', '/api/apis/groups'];

  it.each(paths)('401 and 403: %s is for those who may read API definitions', async (path) => {
    expect((await api.anonymous.get(path)).status).toBe(401);
    const stranger = await api.user(organisation.id, { policies: 'write' });
    expect((await stranger.client.get(path)).status).toBe(403);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.get(path)).status).toBe(200);
  });

  it.each(paths)('promise 6: %s shows nothing of other organisations', async (path) => {
    await create({ name: 'secret #eu' });
    const stranger = await api.organisation();
    const reply = expectOk(await stranger.admin.client.get(path));
    expect(reply.text).not.toContain('secret');
    expect(reply.text).not.toContain('eu');
  });
});

const databaseOf = ({ config }: ApiUnderTest): string => new URL(config.mongodbUri).pathname.slice(1);

const secretsOf = ({ config }: ApiUnderTest): Record<string, string> => ({
  ADMIN_SECRET: config.adminSecret,
  NODE_SECRET: config.nodeSecret,
});
