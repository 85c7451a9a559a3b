import { anApiDefinition, listOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';

describe('GET /api/system/stats', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const stats = async (query = '') => expectOk(await organisation.admin.client.get(`/api/system/stats${query}`));

  it('counts the APIs of the organisation and the gateways, and says that earlier days are not kept', async () => {
    await addApi(organisation);
    await addApi(organisation, { ...anApiDefinition(), active: false });
    await addApi(await api.organisation());
    expectOk(await api.node.get('/register/node', { headers: { 'x-tyk-hostname': 'gateway-1' } }));
    const { json, headers } = await stats();
    expect([json['status'], json['message']]).toEqual(['OK', '']);
    expect(listOf(json['stats']?.['apis'])).toMatchObject([{ max_usage: 2, max_active_usage: 1 }]);
    expect(listOf(json['stats']?.['dataplanes_gateways'])).toMatchObject([{ max_usage: 1 }]);
    expect(headers.get('x-castellan-notes')).toMatch(/earlier days are not kept/);
    const nobody = await api.organisation();
    const theirs = expectOk(await nobody.admin.client.get('/api/system/stats')).json['stats'];
    expect(listOf(theirs?.['dataplanes_gateways'])).toMatchObject([{ max_usage: 0 }]);
  });

  it('is narrowed by day and entity', async () => {
    const { json } = await stats('?entity=apis&resolution=day&start_day=2020-01-01');
    expect(json['stats']).toMatchObject({ dataplanes: [], dataplanes_gateways: [] });
    expect(listOf(json['stats']?.['apis'])).toHaveLength(1);
    const { client } = organisation.admin;
    const past = await client.get('/api/system/stats?end_day=2020-01-01');
    expect([past.status, past.json['Message']]).toEqual([404, 'Stats not found.']);
    for (const query of ['start_day=yesterday', 'entity=users', 'resolution=hour']) {
      expect((await client.get(`/api/system/stats?${query}`)).status).toBe(400);
    }
  });

  it('asks for the right to read the system', async () => {
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await stranger.client.get('/api/system/stats')).status).toBe(403);
    expect((await api.anonymous.get('/api/system/stats')).status).toBe(401);
  });
});
