import { anApiDefinition, aPolicy, textOf, type HttpClient } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi, addHook } from '../../test/configuration';

describe('what the installation says where nobody else does', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ ALLOW_DUPLICATE_SLUGS: 'on', DELETE_IN_USE: 'allow' });
  });
  afterAll(() => api.stop());

  const addTwins = async ({ admin }: TestOrganisation): Promise<number> => {
    const slug = 'twin';
    expectOk(await admin.client.post('/api/apis', { api_definition: { ...anApiDefinition(), slug } }));
    return (await admin.client.post('/api/apis', { api_definition: { ...anApiDefinition(), slug } })).status;
  };

  it('lets APIs share a slug, unless their organisation says otherwise', async () => {
    expect(await addTwins(await api.organisation())).toBe(200);
    expect(await addTwins(await api.organisation({ allow_duplicate_slugs: false }))).toBe(409);
    expect(await addTwins(await api.organisation({ allow_duplicate_slugs: true }))).toBe(200);
  });

  const hookInUse = async (client: HttpClient, organisation: TestOrganisation): Promise<string> => {
    const id = await addHook(organisation);
    const reference = { event_name: 'QuotaExceeded', hook: { id } };
    const wrapper = { api_definition: anApiDefinition(), hook_references: [reference] };
    expectOk(await client.post('/api/apis', wrapper));
    return id;
  };

  it('deletes what is in use, unless the call says otherwise', async () => {
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    expectOk(await client.delete(`/api/hooks/${await hookInUse(client, organisation)}`));
    const kept = await client.delete(`/api/hooks/${await hookInUse(client, organisation)}?force=false`);
    expect([kept.status, kept.json['Code']]).toEqual([409, 'in_use']);
    expect((await client.delete(`/api/hooks/${await hookInUse(client, organisation)}?force=`)).status).toBe(400);
    const apiId = await addApi(organisation);
    const policy = textOf(expectOk(await client.post('/api/portal/policies', aPolicy([apiId]))).json['Message']);
    expectOk(await client.delete(`/api/portal/policies/${policy}`));
  });
});
