import { Clock } from '@castellan/observability';
import { anApiDefinition, listOf, numberOf, textOf, unique, type HttpClient, type JsonReply } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { readCsv } from '../../test/read-csv';

const pageSize = 3;

describe('/api/audit-logs', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let other: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ PAGE_SIZE: String(pageSize), TRUST_PROXY: 'loopback' });
    organisation = await api.organisation();
    other = await api.organisation();
  });
  afterAll(() => api.stop());
  afterEach(() => jest.restoreAllMocks());

  const at = (time: string): void => {
    jest.spyOn(api.app.get(Clock), 'now').mockReturnValue(new Date(time));
  };

  const create = async (
    client: HttpClient,
    definition = anApiDefinition(),
    headers: Record<string, string> = {},
  ): Promise<string> =>
    textOf(expectOk(await client.post('/api/apis', { api_definition: definition }, { headers })).json['Meta']);

  const list = async (query: string, client = organisation.admin.client): Promise<readonly JsonReply[]> =>
    listOf(expectOk(await client.get(`/api/audit-logs?p=-1&${query}`)).json['audit_logs']);

  const idsOf = (records: readonly JsonReply[]): unknown[] => records.map((record) => record['changes']?.[0]?.['id']);

  describe('200, a page', () => {
    it('answers pages and audit_logs, in that order, the newest first', async () => {
      const { admin } = await api.organisation();
      const made = [];
      for (let n = 0; n < 4; n += 1) made.unshift(await create(admin.client));
      const first = expectOk(await admin.client.get('/api/audit-logs'));
      // Four definitions and the user itself.
      expect(first.text).toMatch(/^\{"pages":2,"audit_logs":\[/);
      expect(idsOf(listOf(first.json['audit_logs']))).toEqual(made.slice(0, 3));
      const second = expectOk(await admin.client.get('/api/audit-logs?p=2'));
      expect(idsOf(listOf(second.json['audit_logs']))[0]).toBe(made[3]);
      expect(second.json['pages']).toBe(2);
    });

    it('answers an empty list beyond the last page, however far', async () => {
      for (const p of ['999', '9'.repeat(300), String(Number.MAX_SAFE_INTEGER)]) {
        const { json } = expectOk(await organisation.admin.client.get(`/api/audit-logs?p=${p}`));
        expect(json['audit_logs']).toEqual([]);
        expect(numberOf(json['pages'])).toBeGreaterThan(0);
      }
    });

    it('gives everything for a negative page', async () => {
      const { admin } = await api.organisation();
      for (let n = 0; n < 5; n += 1) await create(admin.client);
      const { text, json } = expectOk(await admin.client.get('/api/audit-logs?p=-1'));
      expect(text).toMatch(/^\{"pages":1,"audit_logs":\[/);
      expect(listOf(json['audit_logs'])).toHaveLength(7);
    });
  });

  describe('200, filters', () => {
    it('by user, email address or id', async () => {
      const writer = await api.user(organisation.id, { apis: 'write' });
      const mine = await create(writer.client);
      await create(organisation.admin.client);
      const [record] = await list(`user=${writer.id}`);
      expect(idsOf(await list(`user=${writer.id}`))).toEqual([mine]);
      expect(idsOf(await list(`user=${encodeURIComponent(textOf(record?.['user']).toUpperCase())}`))).toEqual([mine]);
      expect(new Set((await list('user=admin')).map((found) => found['actor']))).toEqual(new Set(['admin']));
    });

    it('by action, method and status', async () => {
      const id = await create(organisation.admin.client);
      const path = `/api/apis/${id}`;
      await organisation.admin.client.delete(path, { headers: { 'if-match': '"9"' } });
      expectOk(await organisation.admin.client.delete(path));
      const url = `url=${id}`;
      const seen = async (query: string): Promise<unknown[]> =>
        (await list(`${url}&${query}`)).map((record) => record['status']);
      expect(await seen('action=Delete%20API')).toEqual([200, 412]);
      expect(await seen('method=delete')).toEqual([200, 412]);
      expect(await seen('status=412')).toEqual([412]);
      expect(await seen('method=PUT')).toEqual([]);
      expect(await seen('action=Delete')).toEqual([]);
    });

    it('by address', async () => {
      const id = await create(organisation.admin.client, anApiDefinition(), { 'x-forwarded-for': '192.0.2.7' });
      expect(idsOf(await list('ip=192.0.2.7'))).toEqual([id]);
    });

    it('which is the one that the trusted proxy saw, whatever the caller has written to the left of it', async () => {
      const forged = '198.51.100.66, 192.0.2.9';
      const id = await create(organisation.admin.client, anApiDefinition(), { 'x-forwarded-for': forged });
      expect(idsOf(await list('ip=192.0.2.9'))).toEqual([id]);
      expect(await list('ip=198.51.100.66')).toEqual([]);
    });

    it('by a part of the path, in which no sign means anything else', async () => {
      const id = await create(organisation.admin.client);
      expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
      expect(idsOf(await list(`url=apis/${id}`))).toEqual([id]);
      expect(await list(`url=${encodeURIComponent(`ap.s/${id}`)}`)).toEqual([]);
      expect(await list(`url=${encodeURIComponent('(')}`)).toEqual([]);
    });

    it('by whole days in UTC, both included', async () => {
      const times = [
        '2031-05-01T23:59:59.999Z',
        '2031-05-02T00:00:00Z',
        '2031-05-03T23:59:59.999Z',
        '2031-05-04T00:00Z',
      ];
      const ids: string[] = [];
      for (const time of times) {
        at(time);
        ids.unshift(await create(organisation.admin.client));
      }
      expect(idsOf(await list('from_date=2031-05-02&to_date=2031-05-03'))).toEqual([ids[1], ids[2]]);
      expect(idsOf(await list('from_date=2031-05-04'))).toEqual([ids[0]]);
      expect(idsOf(await list('from_date=2031-05-01&to_date=2031-05-01'))).toEqual([ids[3]]);
      expect(idsOf(await list('to_date=2031-05-02'))).toEqual(expect.arrayContaining([ids[2], ids[3]]));
      expect(idsOf(await list('to_date=2031-05-02'))).not.toContain(ids[1]);
    });

    it('by kind and by id of what was changed', async () => {
      const id = await create(organisation.admin.client);
      expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
      expect((await list(`resource=${id}`)).map((record) => record['action'])).toEqual(['Delete API', 'Create API']);
      const kinds = (await list('resource=user')).map((record) => record['changes']?.[0]?.['kind']);
      expect(new Set(kinds)).toEqual(new Set(['user']));
      expect(await list('resource=webhook')).toEqual([]);
    });

    it('by request', async () => {
      const requestId = unique('request');
      const id = await create(organisation.admin.client, anApiDefinition(), { 'x-request-id': requestId });
      expect(idsOf(await list(`request_id=${requestId}`))).toEqual([id]);
    });

    it('takes an empty parameter for a missing one, and counts pages of what matches', async () => {
      const requestId = unique('request');
      await create(organisation.admin.client, anApiDefinition(), { 'x-request-id': requestId });
      const query = `request_id=${requestId}&user=&action=&status=&from_date=&download=&type=`;
      const { json } = expectOk(await organisation.admin.client.get(`/api/audit-logs?${query}`));
      expect(json['pages']).toBe(1);
      expect(listOf(json['audit_logs'])).toHaveLength(1);
    });
  });

  describe('200, a file', () => {
    it('has everything that matches as CSV, past the size of a page', async () => {
      const { admin } = await api.organisation();
      for (let n = 0; n < pageSize + 2; n += 1) await create(admin.client);
      const { headers, text } = expectOk(await admin.client.get('/api/audit-logs?download=true&type=csv&resource=api'));
      expect(headers.get('content-disposition')).toBe('attachment; filename="audit-logs.csv"');
      expect(headers.get('content-type')).toBe('application/octet-stream');
      const [names = [], ...lines] = readCsv(text);
      const records = await list('resource=api', admin.client);
      expect(names).toEqual(Object.keys(records[0] ?? {}));
      expect(lines).toHaveLength(pageSize + 2);
      const cell = (value: unknown): unknown =>
        value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
      expect(lines).toEqual(records.map((record) => names.map((name) => cell(record[name]))));
    });

    it('does not let a spreadsheet run what somebody wrote', async () => {
      const reason = '=HYPERLINK("http://evil.example","a,b")';
      const requestId = unique('request');
      await create(organisation.admin.client, anApiDefinition(), {
        'x-change-reason': reason,
        'x-request-id': requestId,
      });
      const { text } = expectOk(
        await organisation.admin.client.get(`/api/audit-logs?download=1&type=csv&request_id=${requestId}`),
      );
      const [names = [], newest = []] = readCsv(text);
      expect(newest[names.indexOf('reason')]).toBe(`'${reason}`);
    });

    it('has the same as JSON', async () => {
      await create(organisation.admin.client);
      const { headers, json } = expectOk(
        await organisation.admin.client.get('/api/audit-logs?download=true&type=json&resource=api'),
      );
      expect(headers.get('content-disposition')).toBe('attachment; filename="audit-logs.json"');
      expect(json).toEqual(await list('resource=api'));
    });

    it('is a file even when nothing matches', async () => {
      const none = 'download=true&action=Nobody%20did%20this';
      expect(expectOk(await organisation.admin.client.get(`/api/audit-logs?${none}&type=json`)).json).toEqual([]);
      const csv = expectOk(await organisation.admin.client.get(`/api/audit-logs?${none}&type=csv`)).text;
      expect(readCsv(csv)).toHaveLength(1);
    });
  });

  it.each([
    ['from_date', 'from_date=2025-02-30'],
    ['from_date', 'from_date=01/02/2025'],
    ['from_date', 'from_date=2025-01-02T25:00:00Z'],
    ['from_date', 'from_date=2025-01-03&to_date=2025-01-02'],
    ['to_date', 'to_date=yesterday'],
    ['status', 'status=ok'],
    ['method', 'method=PU%20T'],
    ['resource', 'resource=portal'],
    ['download', 'download=maybe'],
    ['type', 'download=true&type=xml'],
    ['user', 'user=a&user=b'],
    ['user[$ne]', 'user[$ne]=a&user=b&user=c'],
    ['org_id', 'org_id=000000000000000000000000'],
  ])('400 names %s when asked for %s', async (path, query) => {
    const { status, json } = await organisation.admin.client.get(`/api/audit-logs?${query}`);
    expect(status).toBe(400);
    expect(listOf(json['Errors']).map((error) => error['path'])).toContain(path);
  });

  describe('/api/audit-logs/{id}', () => {
    it('200 gives the record as the list has it', async () => {
      await create(organisation.admin.client);
      const [record] = await list('resource=api');
      const reply = expectOk(await organisation.admin.client.get(`/api/audit-logs/${textOf(record?.['_id'])}`));
      expect(reply.json).toEqual(record);
    });

    it('404 is the same for a missing record, a malformed id and one of another organisation', async () => {
      await create(other.admin.client);
      const [foreign] = await list('', other.admin.client);
      const replies = await Promise.all(
        [textOf(foreign?.['_id']), 'f'.repeat(24), 'x'].map((id) =>
          organisation.admin.client.get(`/api/audit-logs/${id}`),
        ),
      );
      for (const { status, json } of replies) {
        expect([status, json['Code'], json['Message']]).toEqual([404, 'not_found', 'could not retrieve audit record']);
      }
    });
  });

  it('shows no record of another organisation, whatever is asked', async () => {
    const id = await create(other.admin.client);
    const queries = [`resource=${id}`, `url=${id}`, `user=${other.admin.id}`, ''];
    for (const query of queries) {
      const records = await list(query);
      expect(records.filter((record) => textOf(record['org_id']) !== organisation.id)).toEqual([]);
    }
    const file = expectOk(await organisation.admin.client.get('/api/audit-logs?download=true&type=csv')).text;
    expect(file).not.toContain(other.id);
  });

  it('gives each of two organisations its own when both ask at once', async () => {
    const askers = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? organisation : other));
    const seen = await Promise.all(
      askers.map(async ({ admin }) => (await list('user=admin', admin.client)).map((record) => record['org_id'])),
    );
    expect(seen.map((ids) => [...new Set(ids)])).toEqual(askers.map(({ id }) => [id]));
  });

  const routes = [
    '/api/audit-logs',
    '/api/audit-logs?download=true',
    '/api/audit-logs/verify',
    `/api/audit-logs/${'a'.repeat(24)}`,
  ];

  it.each(routes)('401 without an access key: %s', async (path) => {
    expect((await api.anonymous.get(path)).status).toBe(401);
    expect((await api.admin.get(path)).status).toBe(401);
  });

  it.each(routes)('403 without the permission: %s', async (path) => {
    const { client } = await api.user(organisation.id, { apis: 'write', log: 'write', system: 'write' });
    const reply = await client.get(path);
    expect([reply.status, reply.json['Message']]).toEqual([
      403,
      `access denied: You do not have permission to access  ${path.split('?')[0] ?? ''}`,
    ]);
    const reader = await api.user(organisation.id, { audit_logs: 'read' });
    expect((await reader.client.get(path)).status).not.toBe(403);
  });

  describe('/admin/audit-logs', () => {
    const operatorList = async (query: string): Promise<readonly JsonReply[]> =>
      listOf(expectOk(await api.admin.get(`/admin/audit-logs?p=-1&${query}`)).json['audit_logs']);

    it('200 shows all organisations, one of them, or what concerns none', async () => {
      const ids = [await create(organisation.admin.client), await create(other.admin.client)];
      await api.admin.post('/admin/organisations', {});
      const everything = await operatorList('');
      expect(idsOf(everything)).toEqual(expect.arrayContaining(ids));
      const organisations = (records: readonly JsonReply[]): ReadonlySet<unknown> =>
        new Set(records.map((record) => record['org_id']));
      expect([...organisations(everything)]).toEqual(expect.arrayContaining([organisation.id, other.id, '']));
      expect(organisations(await operatorList(`org_id=${other.id}`))).toEqual(new Set([other.id]));
      expect(organisations(await operatorList('org_id=none'))).toEqual(new Set(['']));
      expect(idsOf(await operatorList(`resource=${ids[1] ?? ''}`))).toEqual([ids[1]]);
    });

    it('200 pages, downloads and gives single records', async () => {
      await create(other.admin.client);
      const { json } = expectOk(await api.admin.get(`/admin/audit-logs?org_id=${other.id}`));
      const [record] = listOf(json['audit_logs']);
      expect(expectOk(await api.admin.get(`/admin/audit-logs/${textOf(record?.['_id'])}`)).json).toEqual(record);
      const csv = expectOk(await api.admin.get(`/admin/audit-logs?org_id=${other.id}&download=true&type=csv`)).text;
      expect(readCsv(csv)[1]?.[0]).toBe(record?.['_id']);
      expect(numberOf(expectOk(await api.admin.get('/admin/audit-logs')).json['pages'])).toBeGreaterThan(1);
    });

    it('400 names what is wrong', async () => {
      for (const path of [
        '/admin/audit-logs?org_id=acme',
        '/admin/audit-logs/verify',
        '/admin/audit-logs/verify?org_id=x',
      ]) {
        const { status, json } = await api.admin.get(path);
        expect([status, json['Errors']?.[0]?.['path']]).toEqual([400, 'org_id']);
      }
    });

    it('401 without the admin secret, 404 for a record that is not there', async () => {
      const { client } = organisation.admin;
      for (const path of ['', '/verify?org_id=none', `/${'a'.repeat(24)}`]) {
        expect((await client.get(`/admin/audit-logs${path}`)).status).toBe(401);
      }
      expect((await api.admin.get(`/admin/audit-logs/${'a'.repeat(24)}`)).status).toBe(404);
    });
  });
});
