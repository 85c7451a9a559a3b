import { listOf } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';
import { byAnyWord } from '../documentation/filter';
import { tags } from '../documentation/tags';

describe('a path that leads nowhere', () => {
  let api: ApiUnderTest;
  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());

  it.each(['/', '/nothing/here', '/api/nothing'])('shows a browser the way to the documentation: %s', async (path) => {
    const reply = await api.anonymous.get(path, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    expect(reply.status).toBe(404);
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(reply.text).toContain('<a href="/docs">');
    expect((await api.anonymous.get('/docs')).status).toBe(200);
  });

  it.each(['/', '/nothing/here'])('answers programs as Tyk does, with a link: %s', async (path) => {
    const reply = await api.anonymous.get(path, { headers: { accept: '*/*' } });
    expect(reply.status).toBe(404);
    expect(reply.text).toMatch(/^{"Status":"Error","Message":"404","Meta":null,"Code":"not_found",/);
    expect(reply.headers.get('link')).toBe('</docs>; rel="service-doc"');
  });

  it('leads to a page that keeps the key over a reload, finds routes by a word, and has its title', async () => {
    const page = await api.anonymous.get('/docs');
    expect(page.text).toContain('<title>Castellan API</title>');
    const { text } = await api.anonymous.get('/docs/swagger-ui-init.js');
    const options = ['persistAuthorization', 'filter', 'tryItOutEnabled'];
    for (const option of options) expect(text).toMatch(new RegExp(`"${option}": ?true`));
    expect(text).toContain(`"opsFilter": ${byAnyWord.toString()}`);
    // The page shows groups in the order of the document's tags, with what each is about.
    const published = expectOk(await api.anonymous.get('/openapi.json'));
    expect(listOf(published.json['tags']).map(({ name, description }) => [name, description])).toEqual(tags);
  });

  it('is not a resource that is missing', async () => {
    const { admin } = await api.organisation();
    const reply = await admin.client.get('/api/apis/none', { headers: { accept: 'text/html' } });
    expect([reply.status, reply.json['Code']]).toEqual([404, 'not_found']);
    expect(reply.headers.has('link')).toBe(false);
  });
});
