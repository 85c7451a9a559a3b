import { listOf, textOf, unique, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { anOasApi, anOpenApiDocument } from '../../test/oas-documents';

const boundary = 'a-line-between';
const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };

interface Part {
  readonly field?: string;
  readonly file?: string;
  readonly type?: string;
  readonly content: string;
}

const form = (...parts: readonly Part[]): string => {
  const written = parts.map(({ field = 'file', file, type, content }) => {
    const name = `Content-Disposition: form-data; name="${field}"${file === undefined ? '' : `; filename="${file}"`}`;
    return `--${boundary}\r\n${name}\r\n${type === undefined ? '' : `Content-Type: ${type}\r\n`}\r\n${content}\r\n`;
  });
  return `${written.join('')}--${boundary}--\r\n`;
};

const yaml = (title: string): string =>
  [
    'openapi: 3.1.0',
    `info: { title: ${title}, version: 1.0.0 }`,
    'servers: [{ url: "http://yaml.example.com" }]',
    'paths: { /a: { get: { responses: { "200": { description: fine } } } } }',
  ].join('\n');

describe('OpenAPI documents that come as files', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ BODY_LIMIT: '65536' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const upload = (body: string, path = 'import'): Promise<Reply> =>
    organisation.admin.client.post(`/api/apis/oas/${path}`, body, { headers });
  const titleOf = async (reply: Reply): Promise<unknown> => {
    const id = textOf(expectOk(reply).json['Meta']);
    return (await organisation.admin.client.get(`/api/apis/oas/${id}`)).json['info'];
  };

  it('are imported in JSON and in YAML, whatever they call themselves', async () => {
    const info = { title: unique('json'), version: '1' };
    const json = JSON.stringify(anOpenApiDocument({ info }));
    const files = [
      { file: 'pets.json', type: 'application/json', content: json },
      { file: 'pets.yaml', type: 'application/octet-stream', content: yaml(unique('yaml')) },
    ];
    expect(await titleOf(await upload(form(...files.slice(0, 1))))).toEqual(info);
    expect(await titleOf(await upload(form(...files.slice(1))))).toMatchObject({ version: '1.0.0' });
  });

  it('may stand among other fields, or in a field without a file name', async () => {
    const content = yaml(unique('field'));
    expectOk(await upload(form({ field: 'comment', content: 'mine' }, { content })));
  });

  it('do what the query asks for', async () => {
    const body = form({ file: 'a.yaml', content: yaml(unique('query')) });
    const id = textOf(expectOk(await upload(body, 'import?allowList=true&listenPath=/from-a-file/')).json['Meta']);
    const document = (await organisation.admin.client.get(`/api/apis/oas/${id}`)).json;
    expect(document['x-tyk-api-gateway']).toMatchObject({ server: { listenPath: { value: '/from-a-file/' } } });
  });

  it('patch an API, on its condition', async () => {
    const { client } = organisation.admin;
    const id = textOf(expectOk(await client.post('/api/apis/oas', anOasApi())).json['Meta']);
    const path = `/api/apis/oas/${id}`;
    const body = form({ file: 'a.yaml', content: yaml('Patched') });
    expect((await client.patch(path, body, { headers: { ...headers, 'if-match': '"9"' } })).status).toBe(412);
    const reply = expectOk(await client.patch(path, body, { headers: { ...headers, 'if-match': '"1"' } }));
    expect([reply.json['Message'], reply.headers.get('etag')]).toEqual(['API updated', '"2"']);
    expect((await client.get(path)).json['info']).toMatchObject({ title: 'Patched' });
  });

  it.each<[string, string, string]>([
    ['a form without the file', form({ field: 'other', content: 'x' }), 'file'],
    ['an empty form', form(), 'file'],
    ['a file that is no document', form({ file: 'a.json', content: '[1]' }), 'body'],
    ['a file with a mistake', form({ file: 'a.yaml', content: 'a: [' }), 'body'],
    ['a form that breaks off', form({ file: 'a.json', content: '{}' }).slice(0, -20), 'body'],
  ])('400: are refused in %s', async (_, body, path) => {
    const reply = await upload(body);
    expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
  });

  it('400: are refused in a form without a boundary', async () => {
    const reply = await organisation.admin.client.post('/api/apis/oas/import', form({ content: '{}' }), {
      headers: { 'content-type': 'multipart/form-data' },
    });
    expect(reply.status).toBe(400);
  });

  it('413: are no larger than other bodies', async () => {
    const reply = await upload(form({ file: 'a.json', content: 'x'.repeat(70_000) }));
    expect([reply.status, reply.json['Code']]).toEqual([413, 'body_too_large']);
  });

  it('401 and 403: are for those who may write', async () => {
    const body = form({ file: 'a.yaml', content: yaml('Mine') });
    const reader = await api.user(organisation.id, { apis: 'read' });
    expect((await api.anonymous.post('/api/apis/oas/import', body, { headers })).status).toBe(401);
    expect((await reader.client.post('/api/apis/oas/import', body, { headers })).status).toBe(403);
  });

  it('400: are not what other routes take', async () => {
    const body = form({ file: 'a.json', content: JSON.stringify(anOasApi()) });
    const { client } = organisation.admin;
    expect((await client.post('/api/apis', body, { headers })).status).toBe(400);
    expect((await client.post('/api/apis/oas', body, { headers })).status).toBe(400);
  });
});
