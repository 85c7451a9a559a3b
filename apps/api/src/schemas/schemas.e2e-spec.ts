import { Ajv } from 'ajv';
import { anApiDefinition } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const everySchema = ['/api/schema', '/api/schemas/apidefs', '/api/schemas/apidefs/oas', '/api/schemas/apidefs/classic'];

describe('schemas', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const get = async (path: string) => expectOk(await organisation.admin.client.get(path));

  it('of OAS APIs know Tyk’s extension, under both names', async () => {
    const { json, text } = await get('/api/schema');
    expect(json).toMatchObject({ status: 'OK', message: '' });
    expect(json['schema']?.['properties']).toHaveProperty('x-tyk-api-gateway');
    expect((await get('/api/schemas/apidefs/oas')).text).toBe(text);
    expect((await get('/api/schemas/apidefs/oas?oasVersion=3.0.3')).text).toBe(text);
    expect((await get('/api/schemas/apidefs/oas?oasVersion=3.1')).text).not.toBe(text);
  });

  it('of classic definitions accept what a creation accepts, and refuse what it refuses', async () => {
    const { json } = await get('/api/schemas/apidefs/classic');
    const check = new Ajv({ strict: false, validateFormats: false }).compile({ ...json['schema'] });
    expect(check(anApiDefinition())).toBe(true);
    expect(check({ ...anApiDefinition(), active: 'yes' })).toBe(false);
  });

  it('come all at once', async () => {
    const { json } = await get('/api/schemas/apidefs');
    const [oas, classic] = [await get('/api/schema'), await get('/api/schemas/apidefs/classic')];
    expect(json['schemas']).toMatchObject({ oas: oas.json['schema'], classic: classic.json['schema'] });
    expect(json['schemas']).toHaveProperty('streamsOAS');
  });

  it('can be indented', async () => {
    expect((await get('/api/schema?pretty=1')).text).toMatch(/^{\n {2}"status"/);
  });

  it('400: of versions of OpenAPI that there are', async () => {
    const reply = await organisation.admin.client.get('/api/schema?oasVersion=2.0');
    expect([reply.status, reply.json['Message']]).toEqual([
      400,
      'Could not retrieve schema. schema not found for version.',
    ]);
  });

  it.each(everySchema)('401 and 403: %s is for those who may read API definitions', async (path) => {
    expect((await api.anonymous.get(path)).status).toBe(401);
    const other = await api.user(organisation.id, { policies: 'write' });
    expect((await other.client.get(path)).status).toBe(403);
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await reader.client.get(path)).status).toBe(200);
  });
});
