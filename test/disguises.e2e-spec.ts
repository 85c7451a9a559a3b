import { request } from 'node:http';
import { eventually, anApiDefinition, listOf, textOf, unique } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../apps/api/test/api-under-test';

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Callers who write the same thing in another way, in the hope that one part of the server reads it as another does. */
describe('requests in disguise', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let reader: TestUser;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ ADMIN_ATTEMPTS: '1000', CREDENTIAL_ATTEMPTS: '1000' });
    organisation = await api.organisation();
    reader = await api.user(organisation.id, { apis: 'read' });
  });
  afterAll(() => api.stop());

  /** Sends a path exactly as it is written, which `fetch` does not. */
  const statusOf = async (method: string, path: string, headers: Headers): Promise<number> => {
    const { hostname, port } = new URL(api.url);
    return new Promise((resolve, reject) => {
      const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()]));
      request({ hostname, port, path, method, headers: sent }, (reply) => {
        reply.resume();
        resolve(reply.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  };
  const shown = (): Headers => ({ authorization: reader.accessKey });

  it.each(['admin', 'api'])('come to nothing by another spelling of a path of /%s', async (plane) => {
    const rest = 'users';
    const spellings = [
      `/%${plane.charCodeAt(0).toString(16)}${plane.slice(1)}/${rest}`,
      `/${plane}//${rest}`,
      `//${plane}/${rest}`,
      `/${plane.toUpperCase()}/${rest}`,
      `/${plane}/${rest.toUpperCase()}`,
      `/${plane}/${rest}/`,
      `/${plane}/./${rest}`,
      `/hello/../${plane}/${rest}`,
      `/hello/%2e%2e/${plane}/${rest}`,
      `/${plane};x/${rest}`,
      `/${plane}/${rest};x`,
      `/${plane}%2f${rest}`,
      `/${plane}/${rest}%00`,
      `/${plane}/${rest}%2f`,
      `/${plane}/%75sers`,
      `/${plane}\\${rest}`,
      `/hello?/../${plane}/${rest}`,
    ];
    for (const path of spellings) {
      const open = path.startsWith('/hello?') ? [200] : [400, 401, 403, 404];
      expect([path, open.includes(await statusOf('GET', path, {}))]).toEqual([path, true]);
      expect([path, open.includes(await statusOf('GET', path, shown()))]).toEqual([path, true]);
    }
  });

  it('do nothing else for a method that is only spoken of, and HEAD asks for the right of GET', async () => {
    const { client } = organisation.admin;
    const made = expectOk(await client.post('/api/apis', { api_definition: anApiDefinition() }));
    const path = `/api/apis/${textOf(made.json['Meta'])}`;
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) {
      expect(await statusOf('GET', path, { ...shown(), [name]: 'DELETE' })).toBe(200);
      expect(await statusOf('POST', path, { authorization: organisation.admin.accessKey, [name]: 'DELETE' })).toBe(404);
    }
    expect([200, 400]).toContain(await statusOf('GET', `${path}?_method=DELETE`, shown()));
    for (const method of ['TRACE', 'OPTIONS', 'PROPFIND']) {
      const status = await statusOf(method, path, { authorization: organisation.admin.accessKey });
      expect([method, [400, 401, 403, 404, 405].includes(status)]).toEqual([method, true]);
    }
    for (const [asked, headers] of [
      [path, shown()],
      ['/api/users', shown()],
      ['/api/users', {}],
      ['/admin/users', shown()],
    ] as const) {
      expect(await statusOf('HEAD', asked, headers)).toBe(await statusOf('GET', asked, headers));
    }
    expect((await client.get(path)).status).toBe(200);
  });

  it.each(['', ' ', 'Bearer', 'Bearer ', 'null', 'undefined', 'Bearer undefined', '[object Object]', '0'])(
    'are nobody’s with %j for a secret, on any plane',
    async (nothing) => {
      for (const [path, name] of [
        ['/admin/users', 'admin-auth'],
        ['/api/users/me', 'authorization'],
        ['/register/ping', 'authorization'],
      ] as const) {
        expect([path, await statusOf('GET', path, { [name]: nothing })]).toEqual([path, 401]);
        expect([path, await statusOf('GET', path, {})]).toEqual([path, 401]);
      }
    },
  );

  it('show each plane its own header, and none twice', async () => {
    const admin = api.config.adminSecret;
    const both = { 'admin-auth': admin, authorization: reader.accessKey };
    expect(await statusOf('GET', '/api/users', both)).toBe(403);
    expect(await statusOf('GET', '/api/apis', both)).toBe(200);
    expect(await statusOf('GET', '/admin/users', both)).toBe(200);
    expect(await statusOf('GET', '/api/apis', { 'admin-auth': admin })).toBe(401);
    for (const name of ['admin-auth', 'Admin-Auth']) {
      expect(await statusOf('GET', '/admin/users', { [name]: [admin, admin] })).toBe(401);
      expect(await statusOf('GET', '/admin/users', { [name]: `${admin}, ${admin}` })).toBe(401);
      expect(await statusOf('GET', '/admin/users', { [name]: ['wrong', admin] })).toBe(401);
    }
    const key = organisation.admin.accessKey;
    expect(await statusOf('GET', '/api/users', { authorization: [reader.accessKey, key] })).toBe(401);
    expect(await statusOf('GET', '/api/users', { authorization: `${key}, ${key}` })).toBe(401);
  });

  it('guess nothing of what is stored by filters, orders and fields that are not offered', async () => {
    const { client } = organisation.admin;
    const password = `${unique('horse')} battery`;
    expectOk(await client.post(`/api/users/${organisation.admin.id}/actions/reset`, { new_password: password }));
    for (const query of [
      'sort=password',
      'sort=passwordHash',
      'filters[password][$regex]=^\\$argon2',
      'passwordHash[$gt]=',
      'fields=passwordHash,accessKeyHash',
      'password=x',
    ]) {
      for (const path of ['/api/users', '/api/users/search']) {
        expect([query, (await client.get(`${path}?${query}`)).status]).toEqual([query, 400]);
      }
    }
    const hits = async (text: string): Promise<unknown> => {
      const byQuery = expectOk(await client.get(`/api/users/search?q=${encodeURIComponent(text)}`)).json;
      const byBody = expectOk(await client.post('/api/users/search', { filters: { query: text } })).json;
      return [listOf(byQuery['users']), byQuery['pages'], listOf(byBody['users']), byBody['pages']];
    };
    const nobody = await hits('f'.repeat(32));
    for (const guess of [organisation.admin.accessKey, '$argon2id$', '.*', '^', password]) {
      expect(await hits(guess)).toEqual(nobody);
    }
    const operator = await client.post('/api/users/search', { filters: { query: { $regex: '.*' } } });
    expect(operator.status).toBe(400);
  });

  it('leave one record each, cut and escaped, whatever they call themselves', async () => {
    const forged = `${unique('a')}\r\nLOGIN_OK user=admin\u001b[31m\u2028${'x'.repeat(300)}`.slice(0, 250);
    const reply = await api.anonymous.post('/login', { email_address: forged, password: 'a wrong password' });
    expect(reply.status).toBe(401);
    const long = await api.anonymous.post('/login', { email_address: 'x'.repeat(70_000), password: 'x' });
    expect(long.status).toBe(413);
    const found = await eventually(async () => {
      const log = expectOk(await api.admin.get('/admin/audit-logs?p=-1&action=Login'));
      const records = listOf(log.json['audit_logs']).filter((one) =>
        textOf(one['user']).startsWith(forged.slice(0, 10)),
      );
      return records.length > 0 ? { records, text: log.text } : null;
    });
    expect(found.records.map(({ user, status }) => [user, status])).toEqual([[forged, 401]]);
    expect(found.text).not.toMatch(/[\r\n\u001b]/);
  });
});
