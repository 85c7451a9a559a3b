import { parse } from 'yaml';
import { anApiDefinition, aPolicy, listOf, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';

describe('GET /api/export', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());

  const addApi = async ({ admin }: TestOrganisation, definition = anApiDefinition()) => {
    const reply = expectOk(await admin.client.post('/api/apis', { api_definition: definition }));
    return textOf(reply.json['ID']);
  };
  const addPolicy = async ({ admin }: TestOrganisation, apiIds: readonly string[], overrides = {}) =>
    textOf(expectOk(await admin.client.post('/api/portal/policies', aPolicy(apiIds, overrides))).json['Message']);
  const addHook = async ({ admin }: TestOrganisation) => {
    const name = unique('hook');
    const hook = { name, method: 'POST', target_path: 'http://hooks.example/', header_map: { 'x-a': 'b' } };
    expectOk(await admin.client.post('/api/hooks', hook));
    const { json } = expectOk(await admin.client.get('/api/hooks?p=-1'));
    return textOf(listOf(json['hooks']).find((one) => Object.is(one['name'], name))?.['id']);
  };

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
