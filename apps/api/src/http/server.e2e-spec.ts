import { anApiDefinition, textOf, unique, type Reply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

describe('the HTTP server', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ BODY_LIMIT: '4096' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  describe('unknown paths', () => {
    it.each(['/', '/nothing', '/api/nothing', '/admin/organisations/1/2/3'])(
      'answer %s with Tyk’s body',
      async (path) => {
        const reply = await organisation.admin.client.get(path);
        expect(reply.status).toBe(404);
        expect(reply.text).toMatch(/^{"Status":"Error","Message":"404","Meta":null,"Code":"not_found",/);
      },
    );

    it('that cannot be decoded are refused in the same envelope', async () => {
      const reply = await organisation.admin.client.get('/%E0%A4%A', { headers: { 'x-request-id': 'mine' } });
      expect(reply.status).toBe(400);
      expect(reply.text).toMatch(/^{"Status":"Error","Message":".+","Meta":null,"Code":"validation_failed",/);
      expect(reply.json['RequestID']).toBe('mine');
    });

    it('answer a method that a path does not have the same way', async () => {
      const reply = await api.admin.call('PATCH', '/admin/organisations');
      expect([reply.status, reply.json['Message']]).toEqual([404, '404']);
    });
  });

  describe('request ids', () => {
    const idOf = async (given?: string): Promise<readonly [string | null, unknown]> => {
      const reply = await api.anonymous.get(
        '/nothing',
        given === undefined ? {} : { headers: { 'x-request-id': given } },
      );
      return [reply.headers.get('x-request-id'), reply.json['RequestID']];
    };

    it('are made where none is sent, and stand in header and error alike', async () => {
      const [header, inBody] = await idOf();
      expect(header).toMatch(/^[0-9a-f-]{36}$/);
      expect(inBody).toBe(header);
      expect((await idOf())[0]).not.toBe(header);
    });

    it('are taken over from the caller', async () => {
      expect(await idOf('trace-1.2:3_x')).toEqual(['trace-1.2:3_x', 'trace-1.2:3_x']);
    });

    it.each(['has spaces', 'x'.repeat(200), '{"a":1}', ''])('are replaced when the caller sends %p', async (given) => {
      const [header] = await idOf(given);
      expect(header).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('come back with every reply', async () => {
      const reply = await api.anonymous.get('/hello', { headers: { 'x-request-id': 'mine' } });
      expect(reply.headers.get('x-request-id')).toBe('mine');
    });
  });

  describe('bodies', () => {
    const create = (body: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
      api.admin.post('/admin/organisations', body, { headers });

    it.each([
      'application/json',
      'application/json; charset=utf-8',
      'application/x-www-form-urlencoded',
      'text/plain;charset=UTF-8',
      'application/octet-stream',
    ])('are read as JSON when they call themselves %s', async (type) => {
      expect((await create(JSON.stringify({ owner_name: unique('org') }), { 'content-type': type })).status).toBe(200);
    });

    it('that are too large are refused with 413 and a text that says what to do', async () => {
      const reply = await create(JSON.stringify({ owner_name: 'x'.repeat(5_000) }));
      expect([reply.status, reply.json['Status'], reply.json['Code']]).toEqual([413, 'Error', 'body_too_large']);
      expect(reply.json['Message']).toContain('CASTELLAN_BODY_LIMIT');
      expect((await create(JSON.stringify({ owner_name: unique('org'), note: 'x'.repeat(3_000) }))).status).toBe(200);
    });

    it.each(['{', '{"a":1,}', 'owner_name=x', '{"a":1}{"b":2}', '\u0000'])(
      'that are not JSON are 400: %p',
      async (body) => {
        const reply = await create(body, { 'content-type': 'application/json' });
        expect([reply.status, reply.json['Code']]).toEqual([400, 'malformed_json']);
      },
    );

    it('tell nobody without a credential whether they are JSON', async () => {
      const reply = await api.anonymous.post('/admin/organisations', '{');
      expect(reply.status).toBe(401);
    });
  });

  describe('paths', () => {
    it('may end with a slash, on every plane', async () => {
      expect((await organisation.admin.client.get('/api/apis/')).status).toBe(200);
      expect((await api.admin.get('/admin/users/')).status).toBe(200);
      expect((await api.node.get('/register/node/')).status).toBe(200);
      expect((await api.anonymous.get('/hello/')).status).toBe(200);
      const created = await organisation.admin.client.post('/api/apis/', { api_definition: anApiDefinition() });
      const id = textOf(expectOk(created).json['Meta']);
      expect((await organisation.admin.client.delete(`/api/apis/${id}/`)).status).toBe(200);
    });
  });

  describe('replies', () => {
    it('are compact JSON', async () => {
      const replies = [
        await organisation.admin.client.get('/api/apis'),
        await api.admin.get('/admin/organisations'),
        await api.anonymous.get('/nothing'),
      ];
      for (const { text, headers } of replies) {
        expect(headers.get('content-type')).toMatch(/^application\/json/);
        expect(text).toBe(JSON.stringify(JSON.parse(text)));
      }
    });

    it('carry the headers that keep browsers out of trouble', async () => {
      const { headers } = await api.anonymous.get('/hello');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).not.toBeNull();
      expect(headers.get('content-security-policy')).not.toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
    });
  });
});
