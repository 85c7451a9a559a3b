import type { Socket } from 'node:net';
import { anApiDefinition, eventually } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { RawConnection } from '../../test/raw-connection';

const megabyte = 1024 * 1024;

describe('callers who send what nobody asked for', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  const connections: RawConnection[] = [];

  beforeAll(async () => {
    api = await ApiUnderTest.start({
      BODY_LIMIT: String(16 * megabyte),
      BODIES_LIMIT: '5000',
      REQUEST_TIMEOUT_MS: '60000',
    });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });

  const open = async (): Promise<RawConnection> => {
    const connection = await RawConnection.to(api.url);
    connections.push(connection);
    return connection;
  };
  const bytesHeld = async (): Promise<number> => {
    const { text } = await api.anonymous.get('/metrics');
    return Number(/^castellan_body_bytes_held\{[^}]*\} (\d+)/m.exec(text)?.[1] ?? Number.NaN);
  };
  const credential = (): Readonly<Record<string, string>> => ({ authorization: organisation.admin.accessKey });

  describe('without a credential, or with a wrong one', () => {
    it.each<[string, string, Readonly<Record<string, string>>, number]>([
      ['POST', '/api/apis', {}, 401],
      ['POST', '/api/apis', { authorization: 'wrong' }, 401],
      ['PUT', '/api/apis/oas/1', { authorization: 'wrong' }, 401],
      ['POST', '/api/import', {}, 401],
      ['POST', '/admin/organisations', { 'admin-auth': 'wrong' }, 401],
      ['POST', '/system/key/quota_trigger', { authorization: 'wrong' }, 401],
      ['DELETE', '/api/apis/1', {}, 401],
      ['POST', '/nothing', {}, 404],
      ['PATCH', '/admin/organisations', {}, 404],
    ])('hear so before they have sent a body: %s %s %j', async (method, path, headers, status) => {
      const connection = await open();
      connection.head(method, path, {
        ...headers,
        'content-type': 'application/json',
        'content-length': 10 * megabyte,
      });
      await eventually(() => connection.status === status);
      expect(connection.received).toContain('"Status":"Error"');
    });

    it('hear 403 before they have sent a body when it is only the right that they lack', async () => {
      const reader = await api.user(organisation.id, { apis: 'read' });
      const connection = await open();
      connection.head('POST', '/api/apis', { authorization: reader.accessKey, 'content-length': 10 * megabyte });
      await eventually(() => connection.status === 403);
    });

    it('are cut off when they send on and on', async () => {
      const accepted = new Promise<Socket>((resolve) => api.app.getHttpServer().once('connection', resolve));
      const connection = await open();
      const socket = await accepted;
      connection.head('POST', '/api/apis', { 'transfer-encoding': 'chunked' });
      const chunk = Buffer.alloc(64 * 1024, 'x');
      connection.writeForEver(Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]));
      await eventually(() => connection.closed);
      expect(connection.status).toBe(401);
      expect(socket.bytesRead).toBeLessThan(3 * megabyte);
      expect(await bytesHeld()).toBe(0);
    });

    it.each<[string, string, () => Readonly<Record<string, string>>]>([
      ['anybody', '/login', () => ({})],
      ['anybody', '/api/setup', () => ({})],
      ['gateways', '/system/key/quota_trigger', () => ({ authorization: api.config.nodeSecret })],
    ])('hear 413 for more than 64 KiB where %s may send something: %s', async (_, path, headers) => {
      const more = await api.anonymous.post(path, 'x'.repeat(64 * 1024 + 1), { headers: headers() });
      expect([more.status, more.json['Code']]).toEqual([413, 'body_too_large']);
      // It is said before the body is sent, too.
      const connection = await open();
      connection.head('POST', path, { ...headers(), 'content-length': 10 * megabyte });
      await eventually(() => connection.status === 413);
    });

    it('are not told to go on when they ask first, and everybody else is', async () => {
      const asking = { expect: '100-continue', 'content-length': 2, 'content-type': 'application/json' };
      const refused = await open();
      refused.head('POST', '/api/apis', asking);
      await eventually(() => refused.closed);
      expect([refused.status, refused.received.includes('100 Continue')]).toEqual([401, false]);

      const welcome = await open();
      welcome.head('POST', '/api/apis', { ...asking, ...credential() });
      await eventually(() => welcome.received.startsWith('HTTP/1.1 100 Continue'));
      welcome.write('{}');
      await eventually(() => welcome.received.includes('HTTP/1.1 400'));
    });
  });

  describe('bodies that never end', () => {
    it('are held up to a limit for everybody together; then others are asked to come back', async () => {
      const other = await api.organisation();
      const begin = async (authorization: string, bytes: number): Promise<RawConnection> => {
        const connection = await open();
        connection.head('POST', '/api/apis', { authorization, 'content-length': 4_900 });
        connection.write('x'.repeat(bytes));
        return connection;
      };
      const first = await begin(organisation.admin.accessKey, 3_500);
      await eventually(async () => (await bytesHeld()) === 3_500);
      // One caller may hold four fifths of it,
      const second = await begin(organisation.admin.accessKey, 1_000);
      await eventually(() => second.status === 503);
      expect(second.received).toMatch(/^retry-after: \d+/m);
      expect(second.received).toContain('"Code":"busy"');
      // and somebody else what is left.
      const third = await begin(other.admin.accessKey, 1_000);
      await eventually(async () => (await bytesHeld()) === 4_500);
      const fourth = await begin(other.admin.accessKey, 1_000);
      await eventually(() => fourth.status === 503);

      expect((await organisation.admin.client.get('/api/apis')).status).toBe(200);
      first.close();
      third.close();
      await eventually(async () => (await bytesHeld()) === 0);
      const small = { api_definition: anApiDefinition() };
      expectOk(await organisation.admin.client.post('/api/apis', small));
    });
  });
});

describe('requests that do not arrive in time', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ REQUEST_TIMEOUT_MS: '500' });
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  it.each([
    ['headers', 'GET /hello HTTP/1.1\r\nhost: castellan\r\nx-slow: '],
    ['a body', 'POST /api/apis HTTP/1.1\r\nhost: castellan\r\ncontent-length: 100\r\nauthorization: KEY\r\n\r\n{"a":'],
    [
      'a body in chunks',
      'POST /api/apis HTTP/1.1\r\nhost: castellan\r\ntransfer-encoding: chunked\r\nauthorization: KEY\r\n\r\n1\r\n{\r\n',
    ],
  ])('are answered 408 and ended: %s', async (_, text) => {
    const connection = await RawConnection.to(api.url);
    connection.write(text.replace('KEY', organisation.admin.accessKey));
    await eventually(() => connection.closed);
    expect(connection.status).toBe(408);
    expect(connection.received).toContain('"Code":"request_timeout"');
    const { text: metrics } = await api.anonymous.get('/metrics');
    expect(metrics).toMatch(/^castellan_body_bytes_held\{[^}]*\} 0$/m);
  });

  it('are not those whose answer takes its time', async () => {
    // A reply to a whole request is no request that has not arrived, however long the connection stays.
    const connection = await RawConnection.to(api.url);
    connection.head('GET', '/hello', {});
    await eventually(() => connection.status === 200);
    const slow = await RawConnection.to(api.url);
    slow.write('GET /hello HTTP/1.1\r\n');
    await eventually(() => slow.closed);
    expect(connection.closed).toBe(false);
    connection.close();
  });

  it('answer what is no HTTP at all in the same envelope', async () => {
    const connection = await RawConnection.to(api.url);
    connection.write('nonsense\r\n\r\n');
    await eventually(() => connection.closed);
    expect([connection.status, connection.received.includes('"Status":"Error"')]).toEqual([400, true]);
  });
});
