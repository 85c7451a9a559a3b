import { anApiDefinition, listOf, textOf, type Reply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const most = 3;

describe('limits of API definitions', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ DEFINITIONS_LIMIT: String(most) });
  });
  beforeEach(async () => {
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const post = (path = '/api/apis', definition: object = {}): Promise<Reply> =>
    organisation.admin.client.post(path, { api_definition: anApiDefinition({ ...definition }) });
  const count = async (): Promise<number> =>
    listOf((await organisation.admin.client.get('/api/apis?p=-1')).json['apis']).length;

  it('keep an organisation from having more than the installation allows, however they come', async () => {
    const { client } = organisation.admin;
    const gone = textOf(expectOk(await post()).json['Meta']);
    expectOk(await client.delete(`/api/apis/${gone}`));
    const [first] = [expectOk(await post()), expectOk(await post()), expectOk(await post())];
    const base = textOf(first.json['Meta']);
    const version = `?base_api_id=${base}&base_api_version_name=v1&new_version_name=v2`;
    const refusals = [
      await post(),
      await post('/api/apis/validate'),
      await post(`/api/apis${version}`),
      await client.post(`/api/apis/${gone}/restore`),
    ];
    for (const { status, json } of refusals) {
      expect([status, json['Code']]).toEqual([400, 'limit_reached']);
      expect(json['Message']).toBe(`An organisation may hold ${most} API definitions`);
    }
    expect(await count()).toBe(most);
    expect(withVersion(await client.get(`/api/apis/${base}`))['version']).toBe(1);
    expectOk(await client.put(`/api/apis/${base}`, { api_definition: anApiDefinition() }));
    expectOk(await client.delete(`/api/apis/${base}`));
    expectOk(await post());
  });

  it('let writers that come in the same instant no further', async () => {
    const replies = await Promise.all(Array.from({ length: 2 * most }, () => post()));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(most);
    expect(await count()).toBe(most);
  });

  it('refuse a document that MongoDB could not hold, and write nothing', async () => {
    const config_data = { text: 'x'.repeat(14 * 1024 * 1024) };
    for (const path of ['/api/apis', '/api/apis/validate']) {
      const { status, json } = await post(path, { config_data });
      expect([status, json['Code']]).toEqual([400, 'limit_reached']);
      expect(json['Message']).toBe('A document may take 14680064 bytes of JSON text');
    }
    expect(await count()).toBe(0);
  });

  it('refuse a body that is larger than CASTELLAN_BODY_LIMIT, and write nothing', async () => {
    const { status, json } = await post('/api/apis', { config_data: { text: 'x'.repeat(17 * 1024 * 1024) } });
    expect([status, json['Code']]).toEqual([413, 'body_too_large']);
    expect(await count()).toBe(0);
  });
});
