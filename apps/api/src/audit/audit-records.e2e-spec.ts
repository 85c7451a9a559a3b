import { createHash } from 'node:crypto';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import {
  anApiDefinition,
  aPolicy,
  listOf,
  textOf,
  unique,
  type HttpClient,
  type JsonReply,
  type Reply,
} from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

/** Who asks, and where the record of it can be read. */
interface Side {
  readonly client: HttpClient;
  readonly log: (requestId: string) => Promise<readonly JsonReply[]>;
}

describe('what the audit log holds', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let other: TestOrganisation;
  let user: Side;
  let operator: Side;

  const logOf = async (client: HttpClient, path: string, requestId: string): Promise<readonly JsonReply[]> =>
    listOf(expectOk(await client.get(`${path}?request_id=${requestId}`)).json['audit_logs']);

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
    other = await api.organisation();
    const { client } = organisation.admin;
    user = { client, log: (id) => logOf(client, '/api/audit-logs', id) };
    operator = { client: api.admin, log: (id) => logOf(api.admin, '/admin/audit-logs', id) };
  });
  afterAll(() => api.stop());

  const create = async (definition = anApiDefinition()): Promise<string> =>
    textOf(expectOk(await user.client.post('/api/apis', { api_definition: definition })).json['Meta']);

  /** The records of one call, with the reply that it had. */
  const recordsOf = async (
    side: Side,
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ reply: Reply; records: readonly JsonReply[] }> => {
    const requestId = unique('request');
    const reply = await side.client.call(method, path, { body, headers: { ...headers, 'x-request-id': requestId } });
    return { reply, records: await side.log(requestId) };
  };

  describe('one record for every write', () => {
    it('says who did what, where, why and what changed', async () => {
      const id = await create(anApiDefinition({ name: 'before' }));
      const { json } = expectOk(await user.client.get(`/api/apis/${id}`));
      const changed = { ...json, api_definition: { ...json['api_definition'], name: 'after' } };
      const { records } = await recordsOf(user, 'PUT', `/api/apis/${id}?accept_additional_properties=true`, changed, {
        'x-change-reason': 'a better name',
      });
      expect(records).toHaveLength(1);
      const [record] = records;
      expect(record).toMatchObject({
        org_id: organisation.id,
        user: expect.stringMatching(/@example\.org$/) as unknown,
        actor: 'user',
        actor_id: organisation.admin.id,
        action: 'Update API',
        method: 'PUT',
        url: `/api/apis/${id}`,
        status: 200,
        ip: '127.0.0.1',
        reason: 'a better name',
        refusal: '',
        changes: [{ kind: 'api', id, operation: 'update', version: 2 }],
        sequence: null,
        seal: null,
      });
      const diff = JSON.parse(textOf(record?.['diff'])) as unknown;
      expect(diff).toEqual([
        {
          kind: 'api',
          id,
          operations: [{ op: 'replace', path: '/api_definition/name', before: 'before', value: 'after' }],
        },
      ]);
    });

    it('begins with the fields of the real log, in their order', async () => {
      const { records } = await recordsOf(user, 'POST', '/api/apis', { api_definition: anApiDefinition() });
      expect(
        Object.keys(records[0] ?? {})
          .slice(0, 14)
          .join(),
      ).toBe('_id,req_id,org_id,date,timestamp,ip,user,action,method,url,status,diff,request_dump,response_dump');
      expect(records[0]?.['date']).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d UTC$/);
      expect(Date.parse(textOf(records[0]?.['date'])) / 1_000).toBe(records[0]?.['timestamp']);
    });

    it('covers creation, change, deletion, restore and rollback', async () => {
      const created = await recordsOf(user, 'POST', '/api/apis', { api_definition: anApiDefinition() });
      const id = textOf(created.reply.json['Meta']);
      const path = `/api/apis/${id}`;
      const calls = [
        created,
        await recordsOf(user, 'PUT', path, { api_definition: anApiDefinition() }),
        await recordsOf(user, 'POST', `${path}/rollback`, { revision: 1 }),
        await recordsOf(user, 'DELETE', path),
        await recordsOf(user, 'POST', `${path}/restore`),
      ];
      expect(calls.map(({ records }) => records.length)).toEqual([1, 1, 1, 1, 1]);
      expect(
        calls.map(({ records: [record] }) => [
          textOf(record?.['action']).toLowerCase(),
          record?.['changes']?.[0]?.['operation'],
        ]),
      ).toEqual([
        ['create api', 'create'],
        ['update api', 'update'],
        ['rollback api', 'rollback'],
        ['delete api', 'delete'],
        ['restore api', 'restore'],
      ]);
    });

    it.each([
      ['Policy', '/api/portal/policies', () => aPolicy(), 'policy'],
      [
        'Hook',
        '/api/hooks',
        () => ({ name: unique('hook'), method: 'POST', target_path: 'https://x.example/' }),
        'webhook',
      ],
    ])('covers the same of every kind: %s', async (noun, path, content, kind) => {
      const created = await recordsOf(user, 'POST', path, content());
      const [change] = listOf(created.records[0]?.['changes']);
      const row = `${path}/${textOf(change?.['id'])}`;
      const calls = [
        created,
        await recordsOf(user, 'PUT', row, content()),
        await recordsOf(user, 'DELETE', row),
        await recordsOf(user, 'POST', `${row}/restore`),
      ];
      expect(
        calls.map(({ records }) => records.map((record) => [record['action'], record['changes']?.[0]?.['kind']])),
      ).toEqual(['Create', 'Update', 'Delete', 'Restore'].map((verb) => [[`${verb} ${noun}`, kind]]));
    });

    it('is not made for a trial, whether it succeeds or not', async () => {
      const good = await recordsOf(user, 'POST', '/api/apis/validate', { api_definition: anApiDefinition() });
      const bad = await recordsOf(user, 'POST', '/api/apis/validate', { api_definition: 1 });
      expect([good.reply.status, good.records, bad.reply.status, bad.records]).toEqual([200, [], 400, []]);
    });

    it('is not made for a read, nor for a write that changes nothing', async () => {
      const id = await create();
      const { json } = expectOk(await user.client.get(`/api/apis/${id}`));
      const again = await recordsOf(user, 'PUT', `/api/apis/${id}`, json);
      const read = await recordsOf(user, 'GET', `/api/apis/${id}`);
      expect([again.reply.status, again.records, read.records]).toEqual([200, [], []]);
    });

    it('shows an organisation what the operator did in it, and nobody else', async () => {
      const requestId = unique('request');
      const email = `${unique('user')}@example.org`;
      expectOk(
        await api.admin.post(
          '/admin/users',
          { email_address: email, org_id: organisation.id, user_permissions: { apis: 'read' } },
          { headers: { 'x-request-id': requestId } },
        ),
      );
      const seen = { actor: 'admin', user: 'admin', action: 'Create User', org_id: organisation.id };
      expect(await user.log(requestId)).toMatchObject([seen]);
      expect(await operator.log(requestId)).toMatchObject([seen]);
      expect(await logOf(other.admin.client, '/api/audit-logs', requestId)).toEqual([]);
    });

    it('covers what the operator does with organisations', async () => {
      const created = await recordsOf(operator, 'POST', '/admin/organisations', { owner_name: unique('org') });
      const path = `/admin/organisations/${textOf(created.reply.json['Meta'])}`;
      const changed = await recordsOf(operator, 'PUT', path, { owner_name: unique('org') });
      const deleted = await recordsOf(operator, 'DELETE', path);
      expect([created, changed, deleted].map(({ records }) => records.map((record) => record['action']))).toEqual([
        ['Create Organisation'],
        ['Update Organisation'],
        ['Delete Organisation'],
      ]);
    });
  });

  describe('one record for every refused write', () => {
    const refusalOf = async (
      side: Side,
      ...call: [method: string, path: string, body?: unknown, headers?: Record<string, string>]
    ): Promise<unknown> => {
      const { reply, records } = await recordsOf(side, ...call);
      expect(records).toHaveLength(1);
      expect(records[0]).toMatchObject({
        status: reply.status,
        method: call[0],
        url: call[1],
        diff: null,
        changes: [],
      });
      expect(records[0]?.['refusal']).toBe(`${textOf(reply.json['Code'])}: ${textOf(reply.json['Message'])}`);
      return [reply.status, records[0]?.['org_id'], records[0]?.['action']];
    };

    it('400, a wrong field', async () => {
      expect(await refusalOf(user, 'POST', '/api/apis', { api_definition: 1 })).toEqual([
        400,
        organisation.id,
        'Create API',
      ]);
    });

    it('400, a body that is not JSON', async () => {
      expect(await refusalOf(user, 'POST', '/api/apis', '{"a":')).toEqual([400, organisation.id, 'Create API']);
      expect(await refusalOf(operator, 'POST', '/admin/organisations', '{')).toEqual([400, '', 'Create Organisation']);
    });

    it('403, a missing permission', async () => {
      const { client } = await api.user(organisation.id, { apis: 'read' });
      expect(await refusalOf({ ...user, client }, 'POST', '/api/apis', {})).toEqual([
        403,
        organisation.id,
        'Create API',
      ]);
    });

    it('404, a resource of another organisation', async () => {
      const id = await create();
      const side = {
        client: other.admin.client,
        log: (requestId: string) => logOf(other.admin.client, '/api/audit-logs', requestId),
      };
      expect(await refusalOf(side, 'DELETE', `/api/apis/${id}`)).toEqual([404, other.id, 'Delete API']);
    });

    it('409, a conflict', async () => {
      const definition = anApiDefinition();
      await create(definition);
      expect(await refusalOf(user, 'POST', '/api/apis', { api_definition: definition })).toEqual([
        409,
        organisation.id,
        'Create API',
      ]);
    });

    it('412, another version', async () => {
      const path = `/api/apis/${await create()}`;
      expect(await refusalOf(user, 'DELETE', path, undefined, { 'if-match': '"7"' })).toEqual([
        412,
        organisation.id,
        'Delete API',
      ]);
    });

    it('428, no version where one is demanded', async () => {
      const strict = await api.organisation({ require_if_match: true });
      const { client } = strict.admin;
      const created = expectOk(await client.post('/api/apis', { api_definition: anApiDefinition() }));
      const side = { client, log: (requestId: string) => logOf(client, '/api/audit-logs', requestId) };
      expect(await refusalOf(side, 'DELETE', `/api/apis/${textOf(created.json['Meta'])}`)).toEqual([
        428,
        strict.id,
        'Delete API',
      ]);
    });

    it('belongs to the organisation that the operator was about to change', async () => {
      const path = `/admin/organisations/${organisation.id}`;
      const body = { owner_name: 'x' };
      expect(await refusalOf(operator, 'PUT', path, body, { 'if-match': '"99"' })).toEqual([
        412,
        organisation.id,
        'Update Organisation',
      ]);
    });

    it('belongs to the operator alone when there is no such organisation', async () => {
      const missing = 'f'.repeat(24);
      expect(await refusalOf(operator, 'PUT', `/admin/organisations/${missing}`, { owner_name: 'x' })).toEqual([
        404,
        '',
        'Update Organisation',
      ]);
      const nobody = { email_address: 'a@b.example', org_id: missing, user_permissions: { apis: 'read' } };
      expect(await refusalOf(operator, 'POST', '/admin/users', nobody)).toEqual([400, '', 'Create User']);
      const everything = listOf(expectOk(await user.client.get('/api/audit-logs?p=-1')).json['audit_logs']);
      expect(new Set(everything.map((record) => record['org_id']))).toEqual(new Set([organisation.id]));
    });

    it('is not made for somebody unknown', async () => {
      const requestId = unique('request');
      const headers = { 'x-request-id': requestId };
      const reply = await api.anonymous.post('/api/apis', '{', { headers });
      expect([reply.status, await operator.log(requestId)]).toEqual([401, []]);
    });
  });

  describe('promise 9: secrets stay secret', () => {
    const storedText = async (requestId: string): Promise<string> => {
      const records = await api.app
        .get<Connection>(getConnectionToken())
        .collection('audit')
        .find({ requestId })
        .toArray();
      expect(records).toHaveLength(1);
      return JSON.stringify(records);
    };

    it('keeps password and access key of a new user out, and their hashes', async () => {
      const requestId = unique('request');
      const password = unique('password');
      const reply = expectOk(
        await api.admin.post(
          '/admin/users',
          {
            email_address: `${unique('user')}@example.org`,
            org_id: organisation.id,
            user_permissions: { apis: 'read' },
            password,
          },
          { headers: { 'x-request-id': requestId } },
        ),
      );
      const accessKey = textOf(reply.json['Message']);
      const text = await storedText(requestId);
      expect(text).toContain('Create User');
      expect(text).not.toContain(password);
      expect(text).not.toContain(accessKey);
      expect(text).not.toContain(createHash('sha256').update(accessKey).digest('hex'));
      expect(text).not.toContain('argon2');
    });

    it('redacts the secrets of a definition when they come, change and go', async () => {
      const secrets = [unique('secret'), unique('secret')];
      const definition = anApiDefinition({ notifications: { shared_secret: secrets[0] } });
      const created = await recordsOf(user, 'POST', '/api/apis', { api_definition: definition });
      const path = `/api/apis/${textOf(created.reply.json['Meta'])}`;
      const change = { ...definition, notifications: { shared_secret: secrets[1] } };
      const changed = await recordsOf(user, 'PUT', path, { api_definition: change });
      const deleted = await recordsOf(user, 'DELETE', path);
      for (const { records } of [created, changed, deleted]) {
        expect(textOf(records[0]?.['diff'])).toContain('[redacted]');
        const text = await storedText(textOf(records[0]?.['req_id']));
        for (const secret of secrets) expect(text).not.toContain(secret);
      }
    });

    it('does not repeat the value that a refusal is about', async () => {
      const password = unique('pw').slice(0, 5);
      const requestId = unique('request');
      await api.admin.post(
        '/admin/users',
        { email_address: 'x', password },
        { headers: { 'x-request-id': requestId } },
      );
      expect(await storedText(requestId)).not.toContain(password);
    });
  });
});
