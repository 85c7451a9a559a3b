import { anApiDefinition, listOf, textOf, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi } from '../../test/oas-documents';

interface Made {
  readonly id: string;
  readonly apiId: string;
}

describe('versions of an OAS API', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const make = async (query: string, extension: Record<string, unknown> = {}): Promise<Made> => {
    const path = `/api/apis/oas?${query}`;
    const { json } = expectOk(await organisation.admin.client.post(path, anOasApi(extension)));
    return { id: textOf(json['Meta']), apiId: textOf(json['ID']) };
  };
  const family = async (): Promise<{ base: Made; child: Made }> => {
    const base = await make('');
    const info = { state: { active: true, internal: true }, expiration: '2031-01-01 00:00' };
    const query = `base_api_id=${base.apiId}&base_api_version_name=v1&new_version_name=v2`;
    return { base, child: await make(query, { info }) };
  };
  const documentOf = (id: string): Promise<Reply> => organisation.admin.client.get(`/api/apis/oas/${id}`);
  const versioningOf = async (id: string): Promise<unknown> =>
    (await documentOf(id)).json['x-tyk-api-gateway']?.['info']?.['versioning'];
  const versions = async (id: string, query = ''): Promise<Reply> =>
    organisation.admin.client.get(`/api/apis/oas/${id}/versions${query}`);
  const rebase = (base: string, next: string): Promise<Reply> =>
    organisation.admin.client.patch(`/api/apis/oas/${base}/rebase/${next}`);

  it('are listed in the base’s document and in its classic definition', async () => {
    const { base, child } = await family();
    expect(await versioningOf(base.id)).toEqual({
      enabled: true,
      name: 'v1',
      default: 'self',
      location: 'header',
      key: 'x-api-version',
      versions: [{ name: 'v2', id: child.apiId }],
    });
    const wrapper = (await organisation.admin.client.get(`/api/apis/${base.id}`)).json;
    expect(wrapper['api_definition']?.['definition']).toMatchObject({ enabled: true, versions: { v2: child.apiId } });
    expect((await documentOf(child.id)).headers.get('x-tyk-base-api-id')).toBe(base.apiId);
    expect((await documentOf(base.id)).headers.get('x-tyk-base-api-id')).toBeNull();
  });

  it('are shown alike for the base and for each of them', async () => {
    const { base, child } = await family();
    const names = [base, child].map(async ({ id }) =>
      textOf((await documentOf(id)).json['x-tyk-api-gateway']?.['info']?.['name']),
    );
    const [baseName, childName] = await Promise.all(names);
    const expected = {
      apis: [
        {
          id: base.apiId,
          name: baseName,
          versionName: 'v1',
          internal: false,
          expirationDate: '',
          isDefaultVersion: true,
        },
        {
          id: child.apiId,
          name: childName,
          versionName: 'v2',
          internal: true,
          expirationDate: '2031-01-01 00:00',
          isDefaultVersion: false,
        },
      ],
      pages: 1,
    };
    expect((await versions(base.id)).json).toEqual(expected);
    expect((await versions(child.apiId)).json).toEqual(expected);
  });

  it('are found by name and by who may call them', async () => {
    const { base } = await family();
    const found = async (query: string): Promise<string[]> =>
      listOf(expectOk(await versions(base.id, query)).json['apis']).map((each) => textOf(each['versionName']));
    expect(await found('?searchText=V2')).toEqual(['v2']);
    expect(await found('?searchText=none')).toEqual([]);
    expect(await found('?accessType=internal')).toEqual(['v2']);
    expect(await found('?accessType=external')).toEqual(['v1']);
    expect((await versions(base.id, '?accessType=secret')).status).toBe(400);
  });

  it('of an API that has none is the API itself', async () => {
    const { id, apiId } = await make('');
    const { json } = await versions(id);
    expect(listOf(json['apis'])).toEqual([expect.objectContaining({ id: apiId, isDefaultVersion: true })]);
  });

  it('can be mixed with classic ones', async () => {
    const { base } = await family();
    const path = `/api/apis?base_api_id=${base.id}&new_version_name=v3&set_default=true`;
    const made = await organisation.admin.client.post(path, { api_definition: anApiDefinition() });
    expect(await versioningOf(base.id)).toMatchObject({
      default: 'v3',
      versions: [{ name: 'v2' }, { name: 'v3', id: textOf(expectOk(made).json['ID']) }],
    });
  });

  it('leave the base’s document when they go', async () => {
    const { base, child } = await family();
    expectOk(await organisation.admin.client.delete(`/api/apis/oas/${child.id}`));
    expect(await versioningOf(base.id)).toMatchObject({ name: 'v1', versions: [] });
  });

  it('stay when the base goes, unless it is purged', async () => {
    const kept = await family();
    expectOk(await organisation.admin.client.delete(`/api/apis/oas/${kept.base.id}`));
    expect((await documentOf(kept.child.id)).status).toBe(200);
    const gone = await family();
    expectOk(await organisation.admin.client.delete(`/api/apis/oas/${gone.base.id}?purge=true`));
    expect((await documentOf(gone.child.id)).status).toBe(400);
    const deleted = await organisation.admin.client.get('/api/apis/deleted');
    const ids = listOf(deleted.json['deleted']).map(({ id }) => textOf(id));
    expect(ids).toEqual(expect.arrayContaining([gone.base.id, gone.child.id]));
  });

  describe('a version that becomes the base', () => {
    it('takes over the list, in which the old base now stands, with every name as it was', async () => {
      const { base, child } = await family();
      const third = await make(`base_api_id=${base.apiId}&new_version_name=v3`);
      const reply = expectOk(await rebase(base.apiId, child.id));
      expect(reply.text).toBe('{"Status":"OK","Message":"API converted successfully","Meta":null}');
      expect(await versioningOf(base.id)).toBeUndefined();
      expect(await versioningOf(child.id)).toMatchObject({
        enabled: true,
        name: 'v2',
        default: 'v1',
        location: 'header',
        versions: [
          { name: 'v3', id: third.apiId },
          { name: 'v1', id: base.apiId },
        ],
      });
      expect((await documentOf(base.id)).headers.get('x-tyk-base-api-id')).toBe(child.apiId);
      expect((await versions(third.id)).json).toEqual((await versions(child.id)).json);
    });

    it('and back again', async () => {
      const { base, child } = await family();
      expectOk(await rebase(base.id, child.id));
      expectOk(await rebase(child.id, base.id));
      expect(await versioningOf(base.id)).toMatchObject({ name: 'v1', versions: [{ name: 'v2', id: child.apiId }] });
    });

    it('412 and 428: only while its base is what the caller has seen', async () => {
      const { base, child } = await family();
      const path = `/api/apis/oas/${base.id}/rebase/${child.id}`;
      const etag = (await documentOf(base.id)).headers.get('etag') ?? '';
      const { client } = organisation.admin;
      const refused = await client.patch(path, undefined, { headers: { 'if-match': '"99"' } });
      expect([refused.status, await versioningOf(child.id)]).toEqual([412, undefined]);
      const reply = expectOk(await client.patch(path, undefined, { headers: { 'if-match': etag } }));
      expect(reply.headers.get('etag')).toBe((await documentOf(base.id)).headers.get('etag'));

      const strict = (await api.organisation({ require_if_match: true })).admin.client;
      const made = async (query: string): Promise<string> =>
        textOf(expectOk(await strict.post(`/api/apis/oas?${query}`, anOasApi())).json['ID']);
      const first = await made('');
      const second = await made(`base_api_id=${first}&base_api_version_name=v1&new_version_name=v2`);
      expect((await strict.patch(`/api/apis/oas/${first}/rebase/${second}`)).status).toBe(428);
      const any = { headers: { 'if-match': '*' } };
      expectOk(await strict.patch(`/api/apis/oas/${first}/rebase/${second}`, undefined, any));
    });

    it('400: is one of that base', async () => {
      const [one, other] = [await family(), await family()];
      const alone = await make('');
      const said = async (base: Made, next: Made): Promise<unknown> => {
        const { status, json } = await rebase(base.id, next.id);
        return [status, json['Message']];
      };
      expect(await said(alone, one.child)).toEqual([400, 'current-base-apiId must be a base API']);
      expect(await said(one.base, alone)).toEqual([400, 'next-base-apiId must be a child API']);
      expect(await said(one.base, other.child)).toEqual([400, 'next-base-apiId must be a child of current-base-apiId']);
    });

    it('404: exists, and so does its base', async () => {
      const { base } = await family();
      const missing = [await rebase('nothing', base.id), await rebase(base.id, 'nothing')];
      expect(missing.map(({ status, json }) => [status, json['Message']])).toEqual([
        [404, 'Could not retrieve current base API'],
        [404, 'Could not retrieve next base API'],
      ]);
      const stranger = await api.organisation();
      const path = `/api/apis/oas/${base.id}/rebase/x`;
      expect((await stranger.admin.client.patch(path)).status).toBe(404);
    });
  });

  describe('categories', () => {
    it('are a list beside the document, and reach no gateway', async () => {
      const { id, apiId } = await make('');
      const path = `/api/apis/oas/${apiId}/categories`;
      expect((await organisation.admin.client.get(path)).text).toBe('{"categories":[]}');
      const document = (await documentOf(id)).text;
      const reply = expectOk(await organisation.admin.client.put(path, { categories: ['share prices', 'eu'] }));
      expect(reply.json).toMatchObject({ Status: 'OK', Message: 'API categories updated.' });
      expect((await organisation.admin.client.get(path)).json).toEqual({ categories: ['share prices', 'eu'] });
      expect((await documentOf(id)).text).toBe(document);
      const filtered = await organisation.admin.client.get('/api/apis?category=share%20prices');
      expect(listOf(filtered.json['apis'])).toHaveLength(1);
    });

    it('stay when the document is written', async () => {
      const { id } = await make('');
      const path = `/api/apis/oas/${id}/categories`;
      expectOk(await organisation.admin.client.put(path, { categories: ['eu'] }));
      expectOk(await organisation.admin.client.put(`/api/apis/oas/${id}`, anOasApi()));
      expect((await organisation.admin.client.get(path)).json).toEqual({ categories: ['eu'] });
    });

    it('404: are of an API that exists', async () => {
      const reply = await organisation.admin.client.get('/api/apis/oas/nothing/categories');
      expect([reply.status, reply.json['Message']]).toEqual([404, 'API not found']);
      const written = await organisation.admin.client.put('/api/apis/oas/nothing/categories', { categories: [] });
      expect(written.status).toBe(404);
    });
  });

  it('401 and 403', async () => {
    const { base, child } = await family();
    const reader = await api.user(organisation.id, { apis: 'read' });
    const other = await api.user(organisation.id, { policies: 'write' });
    const routes = [
      ['GET', `/api/apis/oas/${base.id}/versions`, 200],
      ['GET', `/api/apis/oas/${base.id}/categories`, 200],
      ['PUT', `/api/apis/oas/${base.id}/categories`, 403],
      ['PATCH', `/api/apis/oas/${base.id}/rebase/${child.id}`, 403],
    ] as const;
    for (const [method, path, toReader] of routes) {
      const body = method === 'GET' ? {} : { body: {} };
      expect((await api.anonymous.call(method, path, body)).status).toBe(401);
      expect((await other.client.call(method, path, body)).status).toBe(403);
      expect((await reader.client.call(method, path, body)).status).toBe(toReader);
    }
  });
});
