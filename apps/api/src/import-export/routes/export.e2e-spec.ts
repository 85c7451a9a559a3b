import { parse } from 'yaml';
import { anApiDefinition, aPolicy, listOf, textOf, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import {
  addApi,
  addHook,
  addPolicy,
  aHook,
  editable,
  exportOf,
  type EditableDocument,
  definitionIn,
  newWrapper,
  refer,
} from '../../../test/configuration';

let api: ApiUnderTest;
let organisation: TestOrganisation;

beforeAll(async () => {
  api = await ApiUnderTest.start();
});
afterAll(() => api.stop());

const yaml = { headers: { 'content-type': 'application/yaml' } };
const send = (document: unknown, query = '') => organisation.admin.client.post(`/api/import${query}`, document);
const current = async (query = ''): Promise<EditableDocument> => editable(await exportOf(organisation, query));

const pathsIn = ({ json }: Reply): string[] => listOf(json['Errors']).map(({ path }) => textOf(path));

describe('GET /api/export', () => {
  describe('200', () => {
    it('gives an empty configuration as empty lists', async () => {
      const { admin } = await api.organisation();
      const { text } = expectOk(await admin.client.get('/api/export'));
      expect(text).toBe('{"castellan":{"format":1},"apis":[],"policies":[],"hooks":[],"assets":[]}');
    });

    it('gives everything in the order of its ids, without what belongs to the installation', async () => {
      const organisation = await api.organisation();
      const apiIds = [await addApi(organisation), await addApi(organisation), await addApi(organisation)].sort();
      const policyId = await addPolicy(organisation, apiIds);
      const hookId = await addHook(organisation);
      const { json, text } = expectOk(await organisation.admin.client.get('/api/export'));
      expect(listOf(json['apis']).map((wrapper) => wrapper['api_definition']?.['api_id'])).toEqual(apiIds);
      expect(listOf(json['policies']).map((policy) => policy['_id'])).toEqual([policyId]);
      expect(listOf(json['hooks']).map((hook) => hook['id'])).toEqual([hookId]);
      expect(text).not.toContain(organisation.id);
      expect(text).not.toMatch(/"(version|created_at|updated_at)":/);
    });

    it('gives the same as YAML, by query and by Accept', async () => {
      const organisation = await api.organisation();
      await addPolicy(organisation, [await addApi(organisation)]);
      await addHook(organisation);
      const { client } = organisation.admin;
      const asJson = expectOk(await client.get('/api/export'));
      const asYaml = expectOk(await client.get('/api/export?format=yaml'));
      expect(asYaml.headers.get('content-type')).toBe('application/yaml; charset=utf-8');
      expect(asYaml.text).toMatch(/^castellan:\n {2}format: 1\napis:\n- /);
      expect(parse(asYaml.text)).toEqual(asJson.json);
      const accepted = await client.get('/api/export', { headers: { accept: 'application/yaml' } });
      expect(accepted.text).toBe(asYaml.text);
      expect(accepted.headers.get('vary')).toMatch(/accept/);
    });

    it('has an ETag that changes when, and only when, the configuration does', async () => {
      const organisation = await api.organisation();
      const { client } = organisation.admin;
      const tag = async () => textOf((await client.get('/api/export')).headers.get('etag'));
      const apiId = await addApi(organisation);
      const first = await tag();
      expect(await tag()).toBe(first);
      const known = await client.get('/api/export', { headers: { 'if-none-match': `W/${first}` } });
      expect([known.status, known.text]).toEqual([304, '']);
      const otherForm = await client.get('/api/export?format=yaml', { headers: { 'if-none-match': first } });
      expect(otherForm.status).toBe(200);
      expectOk(await client.put(`/api/apis/${apiId}`, { api_definition: anApiDefinition({ api_id: apiId }) }));
      expect(await tag()).not.toBe(first);
      expect((await client.get('/api/export', { headers: { 'if-none-match': first } })).status).toBe(200);
    });

    it('restricts to what has all of the tags, or a category, and says so in the document', async () => {
      const organisation = await api.organisation();
      const { client } = organisation.admin;
      const both = await addApi(organisation, anApiDefinition({ tags: ['eu', 'pay'] }));
      const one = await addApi(organisation, anApiDefinition({ tags: ['eu'] }));
      const categorised = await addApi(organisation, anApiDefinition({ name: 'Billing #money' }));
      const policy = await addPolicy(organisation, [both], { tags: ['eu'] });
      await addPolicy(organisation, [one]);
      await addHook(organisation);
      const idsOf = async (query: string) => {
        const { json } = expectOk(await client.get(`/api/export?${query}`));
        const apis = listOf(json['apis']).map((wrapper) => textOf(wrapper['api_definition']?.['api_id']));
        const policies = json['policies'] === undefined ? null : listOf(json['policies']).map((found) => found['_id']);
        return { head: json['castellan'], apis, policies, hooks: json['hooks'] };
      };
      expect(await idsOf('tags=eu')).toEqual({
        head: { format: 1, tags: ['eu'] },
        apis: [both, one].sort(),
        policies: [policy],
        hooks: undefined,
      });
      expect((await idsOf('tags=pay,eu')).apis).toEqual([both]);
      expect(await idsOf('category=money')).toEqual({
        head: { category: 'money', format: 1 },
        apis: [categorised],
        policies: null,
        hooks: undefined,
      });
      expect((await idsOf('tags=nobody')).apis).toEqual([]);
    });
  });

  it('400 for a format that there is not', async () => {
    const { admin } = await api.organisation();
    const reply = await admin.client.get('/api/export?format=xml');
    expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
  });

  it('401 without a key', async () => {
    expect((await api.anonymous.get('/api/export')).status).toBe(401);
  });

  it('403 unless each section of the document may be read', async () => {
    const organisation = await api.organisation();
    const grants = { system: 'read', apis: 'read', policies: 'read' };
    const most = await api.user(organisation.id, grants);
    expect((await most.client.get('/api/export')).status).toBe(403);
    // Hooks have no tags, so this document has none.
    expect((await most.client.get('/api/export?tags=eu')).status).toBe(200);
    const noAssets = await api.user(organisation.id, { ...grants, hooks: 'read' });
    expect((await noAssets.client.get('/api/export')).status).toBe(403);
    const all = await api.user(organisation.id, { ...grants, hooks: 'read', api_assets: 'read' });
    expect((await all.client.get('/api/export')).status).toBe(200);
    const noSystem = await api.user(organisation.id, { ...grants, hooks: 'write', system: '' });
    const refused = await noSystem.client.get('/api/export');
    expect(refused.json['Message']).toBe('access denied: You do not have permission to access  /api/export');
  });
});

describe('an import of some', () => {
  beforeEach(async () => {
    organisation = await api.organisation();
  });

  describe('prune', () => {
    it('deletes what the document’s sections lack, and nothing of the sections that it does not have', async () => {
      const [kept, gone] = [await addApi(organisation), await addApi(organisation)];
      const policy = await addPolicy(organisation, [kept]);
      const document = await current();
      const apis = document.apis.filter(({ api_definition: { api_id: id } }) => id !== gone);
      expect(expectOk(await send({ apis }, '?prune=true')).json['Meta']?.['counts']).toMatchObject({ delete: 1 });
      const after = await current();
      expect(after.apis.map(({ api_definition: { api_id: id } }) => id)).toEqual([kept]);
      expect(after.policies.map(({ _id: id }) => id)).toEqual([policy]);
      expectOk(await send({ apis: [], policies: [] }, '?prune=true'));
      expect(await exportOf(organisation)).toBe(
        '{"castellan":{"format":1},"apis":[],"policies":[],"hooks":[],"assets":[]}',
      );
    });

    it('refuses to delete what something outside the document needs', async () => {
      const apiId = await addApi(organisation);
      const policy = await addPolicy(organisation, [apiId]);
      const document = await current();
      const hook = await addHook(organisation);
      await refer(organisation, apiId, hook);
      const before = await exportOf(organisation);
      const inUse = await send({ hooks: [] }, '?prune=true');
      expect([inUse.status, inUse.json['Code']]).toEqual([409, 'in_use']);
      const refers = await send(
        { apis: [], policies: document.policies.map((one) => ({ ...one, rate: 1 })) },
        '?prune=true',
      );
      expect([refers.status, refers.json['Errors']]).toEqual([
        400,
        [{ path: `policies[0].access_rights.${apiId}`, message: 'names no API of the organisation' }],
      ]);
      expect(await exportOf(organisation)).toBe(before);
      expect(policy).toMatch(/^[0-9a-f]{24}$/);
    });
  });

  describe('subsets', () => {
    it('touches only what is in the subset, and takes the subset of the document for its own', async () => {
      const ours = await addApi(organisation, anApiDefinition({ tags: ['ours'] }));
      const theirs = await addApi(organisation, anApiDefinition({ tags: ['theirs'] }));
      const subset = await current('?tags=ours');
      subset.apis = [];
      const counts = { create: 0, update: 0, delete: 1, unchanged: 0 };
      const planned = expectOk(await send(subset, '?prune=true&dryRun=true'));
      expect(planned.json['Meta']?.['counts']).toEqual(counts);
      expect(expectOk(await send({ apis: [] }, '?prune=true&tags=ours')).json['Meta']?.['counts']).toEqual(counts);
      const left = (await current()).apis.map(({ api_definition: { api_id: id } }) => id);
      expect([left, left.includes(ours)]).toEqual([[theirs], false]);
    });

    it('refuses what is outside it, and takes nothing over from others', async () => {
      const theirs = await addApi(organisation, anApiDefinition({ tags: ['theirs'] }));
      const document = await current();
      definitionIn(document, theirs)['tags'] = ['ours'];
      document.apis.push(newWrapper());
      document.hooks.push(aHook({ id: '5f0000000000000000000a03' }));
      const reply = await send(document, '?tags=ours');
      const lacks = 'is outside the subset that is imported: it lacks tag "ours"';
      expect([reply.status, listOf(reply.json['Errors'])]).toEqual([
        400,
        expect.arrayContaining([
          { path: 'apis[0]', message: lacks },
          { path: 'apis[1]', message: lacks },
          { path: 'hooks[0]', message: lacks },
        ]),
      ]);
      const other = await send(await current('?tags=theirs'), '?tags=ours');
      expect([other.status, other.json['Errors']]).toMatchObject([400, [{ path: 'castellan' }]]);
    });
  });
});

describe('an import that is refused', () => {
  let before: string;

  beforeAll(async () => {
    organisation = await api.organisation();
    await addApi(organisation);
    before = await exportOf(organisation);
  });
  afterEach(async () => {
    expect(await exportOf(organisation)).toBe(before);
  });

  it('names everything that is wrong in every entry, and writes nothing', async () => {
    const [one, three] = [newWrapper('one').api_definition, newWrapper('three').api_definition];
    const document = {
      apis: [
        { api_definition: { ...one, active: 'yes', proxy: { listen_path: 7, target_url: 'http://x/' } } },
        newWrapper(),
        { api_definition: { ...three, id: 'none' } },
        { api_definition: anApiDefinition() },
      ],
      hooks: [aHook({ id: '5f0000000000000000000a04', method: 'SHOUT' })],
      policies: [{ ...aPolicy(['nowhere']), _id: '5f0000000000000000000b04' }],
    };
    const reply = await send(document);
    expect([reply.status, reply.json['Code'], pathsIn(reply).sort()]).toEqual([
      400,
      'validation_failed',
      [
        'apis[0].api_definition.active',
        'apis[0].api_definition.proxy.listen_path',
        'apis[2].api_definition.id',
        'apis[3].api_definition.id',
        'hooks[0].method',
        'policies[0].access_rights.nowhere',
      ],
    ]);
    expect(reply.json['Message']).toMatch(/\(and 5 more\)$/);
  });

  it.each<[what: string, path: string, body: unknown, query?: string]>([
    ['no body', 'body', ''],
    ['a list', 'body', '[]'],
    ['an unknown section', 'keys', '{"keys":[]}'],
    ['a section that is no list', 'apis', '{"apis":{}}'],
    ['an entry that is no object', 'apis[0]', '{"apis":[1]}'],
    ['another form', 'castellan.format', '{"castellan":{"format":2}}'],
    // What may not have been meant.
    ...(['?dryRun=yes', '?dryrun=true', '?prune=yes', '?prune=', '?dryRun='] as const).map(
      (query): [string, string, unknown, string] => [
        query,
        query.slice(1).split('=')[0] ?? '',
        { apis: [newWrapper()] },
        query,
      ],
    ),
    // Narrowings that say nothing, which would delete everything.
    ...(
      [
        ['tags', '&tags='],
        ['tags', '&tags=%20'],
        ['tags', '&tags=ours,'],
        ['category', '&category='],
        ['tag', '&tag=ours'],
      ] as const
    ).map(([path, query]): [string, string, unknown, string] => [query, path, { apis: [] }, `?prune=true${query}`]),
    ...(
      [
        ['castellan.tag', { tag: ['a'] }],
        ['castellan.tags', { tags: [''] }],
        ['castellan.tags', { tags: ['ours', ' '] }],
        ['castellan.tags', { tags: [] }],
        ['castellan.tags', { tags: null }],
        ['castellan.tags', { tags: 'ours' }],
        ['castellan.category', { category: '' }],
        ['castellan.category', { category: null }],
      ] as const
    ).map(([path, head]): [string, string, unknown, string] => [
      `a head with ${JSON.stringify(head)}`,
      path,
      { castellan: { format: 1, ...head }, apis: [] },
      '?prune=true',
    ]),
  ])('is refused for %s, which names %s', async (_, path, body, query = '') => {
    const reply = await send(body, query);
    expect([reply.status, pathsIn(reply)]).toEqual([400, [path]]);
  });

  it.each(['tags=', 'category=', 'tag=a'])('is refused as an export is with %s', async (query) => {
    const reply = await organisation.admin.client.get(`/api/export?${query}`);
    expect([reply.status, pathsIn(reply)[0]]).toEqual([400, query.split('=')[0]]);
  });

  it('is broken YAML', async () => {
    const reply = await organisation.admin.client.post('/api/import', 'apis: [', yaml);
    expect([reply.status, reply.json['Code']]).toEqual([400, 'malformed_json']);
  });

  it('401 without a key', async () => {
    expect((await api.anonymous.post('/api/import', '{}')).status).toBe(401);
  });
});
