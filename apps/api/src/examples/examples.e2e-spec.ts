import { listOf, textOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

describe('/api/examples', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  it('lists examples, each of which makes an API as it is', async () => {
    const { client } = organisation.admin;
    const list = listOf(expectOk(await client.get('/api/examples')).json);
    expect(list.length).toBeGreaterThan(1);
    for (const row of list) {
      expect(Object.keys(row).sort()).toEqual(['location', 'name', 'shortDescription']);
      const path = `/api/examples/${textOf(row['location'])}`;
      const bare = expectOk(await client.get(path)).json;
      expect(Object.keys(bare).sort()).toEqual(['description', 'features', 'location', 'min_version', 'name']);
      const { json } = expectOk(await client.get(`${path}?readme=true&apiDef=true`));
      expect(textOf(json['readme'])).toMatch(/^# /);
      const { oas, api_definition: definition } = json;
      const created = oas
        ? await client.post('/api/apis/oas', oas)
        : await client.post('/api/apis', { api_definition: definition });
      expectOk(created);
    }
  });

  it('fetches nothing from a place that the caller names', async () => {
    const headers = { 'x-tyk-examples-index': 'http://127.0.0.1:1/repository.json' };
    for (const path of ['/api/examples', '/api/examples/keyless-proxy']) {
      const reply = await organisation.admin.client.get(path, { headers });
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, 'x-tyk-examples-index']);
    }
  });

  it('has no others, and asks for the right to read APIs', async () => {
    expect((await organisation.admin.client.get('/api/examples/nothing')).status).toBe(404);
    const stranger = await api.user(organisation.id, { policies: 'write' });
    expect((await stranger.client.get('/api/examples')).status).toBe(403);
    expect((await api.anonymous.get('/api/examples')).status).toBe(401);
  });
});
