import { anApiDefinition, listOf } from '@castellan/testing';
import { ApiUnderTest, type TestOrganisation } from '../../../test/api-under-test';

describe('how large an import may be', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ BODY_LIMIT: '20000', IMPORT_LIMIT: '60000' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const documentOf = (characters: number) => {
    const definition = anApiDefinition({ api_id: 'large', config_data: { text: 'x'.repeat(characters) } });
    return { apis: [{ api_definition: definition }] };
  };

  it('is a limit of its own, above the one of other routes', async () => {
    const { client } = organisation.admin;
    const [document] = documentOf(30_000).apis;
    expect((await client.post('/api/apis', document)).status).toBe(413);
    expect((await client.post('/api/import', documentOf(30_000))).status).toBe(200);
    const wrapper = { api_definition: { ...document?.api_definition, api_id: 'other', org_id: organisation.id } };
    const reply = await api.admin.post('/admin/apis/import', {
      apis: [
        {
          api_definition: {
            ...wrapper.api_definition,
            proxy: { listen_path: '/other/', target_url: 'http://x/' },
            slug: 'other',
          },
        },
      ],
    });
    expect(reply.status).toBe(200);
  });

  it.each(['/api/import', '/admin/apis/import', '/admin/policies/import'])('413 beyond it, on %s', async (path) => {
    const client = path.startsWith('/admin') ? api.admin : organisation.admin.client;
    const reply = await client.post(path, documentOf(70_000));
    expect([reply.status, reply.json['Code']]).toEqual([413, 'body_too_large']);
    expect(reply.json['Message']).toContain('CASTELLAN_IMPORT_LIMIT');
  });

  it('leaves an audit record of what was refused, to those whose body is looked at at all', async () => {
    const { client } = organisation.admin;
    const refused = async (): Promise<unknown[]> => {
      const { json } = await client.get('/api/audit-logs?status=413&p=-1');
      return listOf(json['audit_logs']).map(({ user, method, url }) => [user, method, url]);
    };
    const before = await refused();
    const body = { api_definition: documentOf(30_000).apis[0]?.api_definition };
    expect((await client.post('/api/apis', body)).status).toBe(413);
    expect((await api.anonymous.post('/api/apis', body)).status).toBe(401);
    expect(await refused()).toHaveLength(before.length + 1);
    expect(await refused()).toContainEqual([expect.stringContaining('@'), 'POST', '/api/apis']);
  });

  it.each(['/api/import', '/admin/apis/import'])('401 before the body is read, on %s', async (path) => {
    const reply = await api.anonymous.post(path, documentOf(70_000));
    expect([reply.status, reply.json['Code']]).toEqual([401, 'unauthorised']);
  });

  it('413 for YAML beyond the ordinary limit', async () => {
    const headers = { 'content-type': 'application/yaml' };
    const yaml = `apis: []\n# ${'x'.repeat(30_000)}\n`;
    const reply = await organisation.admin.client.post('/api/import', yaml, { headers });
    expect([reply.status, reply.json['Code']]).toEqual([413, 'body_too_large']);
  });
});
