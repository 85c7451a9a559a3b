import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { throwError, type Observable } from 'rxjs';
import { Public } from '@castellan/rbac';
import { anApiDefinition, eventually, textOf, unique, type Reply } from '@castellan/testing';
import { startAppWithRoutes, type AppWithRoutes } from '../../../../test/support/app-with-routes';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const innermost = 'mongodb://admin:hunter2@db.internal:27017/';

/** Routes that fail as code of ours might. */
@Controller('broken')
class BrokenController {
  @Get('error')
  @Public()
  fail(): never {
    throw new Error(`cannot reach ${innermost}`);
  }

  @Get('no-error')
  @Public()
  failWithText(): Observable<never> {
    return throwError(() => innermost);
  }

  @Post('later')
  @HttpCode(200)
  @Public()
  async failLater(@Body() body: unknown): Promise<never> {
    await Promise.resolve(body);
    throw new TypeError(`undefined is not ${innermost}`);
  }
}

describe('errors that are ours', () => {
  let app: AppWithRoutes;

  beforeAll(async () => {
    app = await startAppWithRoutes([BrokenController]);
  });
  afterAll(() => app.stop());

  it.each([
    ['GET', '/broken/error'],
    ['GET', '/broken/no-error'],
    ['POST', '/broken/later'],
  ])('hide their cause from the caller, and log it under the same request id: %s %s', async (method, path) => {
    const id = unique('request');
    const reply = await app.client.call(method, path, {
      headers: { 'x-request-id': id },
      ...(method === 'POST' ? { body: {} } : {}),
    });
    expect(reply.status).toBe(500);
    expect(reply.text).toBe(
      `{"Status":"Error","Message":"Internal error","Meta":null,"Code":"internal","Errors":[],"RequestID":"${id}"}`,
    );
    const line = await eventually(() =>
      app
        .logged()
        .split('\n')
        .find((each) => each.includes(id) && each.includes('"level":"error"')),
    );
    expect(line).toContain('hunter2');
  });
});

describe('errors that are the caller’s', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const records = (requestId: string) =>
    api.app.get<Connection>(getConnectionToken()).collection('audit').find({ requestId }).toArray();
  const definition = () => ({ api_definition: anApiDefinition() });

  /** Calls with a request id of its own, and answers the reply with what the audit log holds of it. */
  const audited = async (call: (headers: Readonly<Record<string, string>>) => Promise<Reply>) => {
    const requestId = unique('request');
    const reply = await call({ 'x-request-id': requestId });
    return { reply, records: await records(requestId) };
  };

  it('come in Tyk’s envelope, with code, fields and request id behind it', async () => {
    const { reply } = await audited((headers) => organisation.admin.client.get('/api/apis/none', { headers }));
    expect(Object.keys(reply.json)).toEqual(['Status', 'Message', 'Meta', 'Code', 'Errors', 'RequestID']);
    expect(reply.json).toMatchObject({ Status: 'Error', Meta: null, Code: 'not_found', Errors: [] });
    expect(reply.headers.get('content-type')).toMatch(/^application\/json/);
  });

  it('leave an audit record when a write is refused: who, what, from where and why', async () => {
    const reader = await api.user(organisation.id, { apis: 'read' });
    const { reply, records: found } = await audited((headers) =>
      reader.client.post('/api/apis?accept_additional_properties=true', definition(), {
        headers: { ...headers, 'x-change-reason': 'I want to' },
      }),
    );
    expect(reply.status).toBe(403);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      actor: { kind: 'user', id: reader.id, name: expect.stringContaining('@') as string },
      action: 'Create API',
      method: 'POST',
      path: '/api/apis',
      status: 403,
      ip: '127.0.0.1',
      reason: 'I want to',
      refusal: 'forbidden: access denied: You do not have permission to access  /api/apis',
      changes: [],
    });
    expect(String(found[0]?.['orgId'])).toBe(organisation.id);
  });

  it.each([400, 404, 409, 412])('leave an audit record of a write that is answered %s', async (status) => {
    const created = expectOk(await organisation.admin.client.post('/api/apis', definition()));
    const path = `/api/apis/${textOf(created.json['Meta'])}`;
    const taken = { api_definition: anApiDefinition({ api_id: textOf(created.json['ID']) }) };
    const calls: Readonly<Record<number, (headers: Readonly<Record<string, string>>) => Promise<Reply>>> = {
      400: (headers) => organisation.admin.client.post('/api/apis', {}, { headers }),
      404: (headers) => organisation.admin.client.delete('/api/apis/none', { headers }),
      409: (headers) => organisation.admin.client.post('/api/apis', taken, { headers }),
      412: (headers) =>
        organisation.admin.client.put(path, definition(), { headers: { ...headers, 'if-match': '"7"' } }),
    };
    const call = calls[status];
    if (call === undefined) throw new Error(`No call for ${status}`);
    const { reply, records: found } = await audited(call);
    expect(reply.status).toBe(status);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ status, action: expect.stringMatching(/API$/) as string });
  });

  it('keep a reason that is not in ASCII as it was written', async () => {
    const reason = Buffer.from('größer, 更大').toString('latin1');
    const { records: found } = await audited((headers) =>
      organisation.admin.client.post('/api/apis', {}, { headers: { ...headers, 'x-change-reason': reason } }),
    );
    expect(found).toMatchObject([{ status: 400, reason: 'größer, 更大' }]);
  });

  it('leave one of the operator’s refused writes, too', async () => {
    const { reply, records: found } = await audited((headers) =>
      api.admin.post('/admin/organisations', {}, { headers }),
    );
    expect(reply.status).toBe(400);
    expect(found).toMatchObject([
      { actor: { kind: 'admin' }, action: 'Create Organisation', status: 400, orgId: null },
    ]);
  });

  it('leave nothing of reads, nor of callers whom nobody knows', async () => {
    const other = await api.user(organisation.id, { hooks: 'read' });
    const refused = [
      await audited((headers) => other.client.get('/api/apis', { headers })),
      await audited((headers) => organisation.admin.client.get('/api/apis/none', { headers })),
      await audited((headers) => api.anonymous.post('/api/apis', definition(), { headers })),
    ];
    expect(refused.map(({ reply }) => reply.status)).toEqual([403, 404, 401]);
    expect(refused.flatMap(({ records: found }) => found)).toEqual([]);
  });

  it('promise 9: keep access keys out of what is stored, wherever a caller has written them', async () => {
    const other = await api.user(organisation.id, { apis: 'read' });
    const own = organisation.admin.accessKey;
    const id = unique('request');
    await organisation.admin.client.delete(`/api/apis/${other.accessKey}`, {
      headers: { 'x-request-id': id, 'x-change-reason': `with ${own}, not ${other.accessKey}` },
    });
    const found = await records(id);
    expect(found).toMatchObject([{ path: '/api/apis/[redacted]', reason: 'with [redacted], not [redacted]' }]);
    const named = await organisation.admin.client.delete('/api/apis/none', { headers: { 'x-request-id': own } });
    expect(named.json['RequestID']).not.toBe(own);
    const files = await Promise.all(
      ['csv', 'json'].map((type) => organisation.admin.client.get(`/api/audit-logs?download=true&type=${type}`)),
    );
    for (const key of [own, other.accessKey]) {
      expect(JSON.stringify(found)).not.toContain(key);
      for (const { text } of files) expect(text).not.toContain(key);
    }
  });

  it('promise 9: keep secrets out of the record', async () => {
    const { records: found } = await audited((headers) =>
      api.admin.post('/admin/users', { password: 'Tr0ub4dor-and-3', email_address: 'no' }, { headers }),
    );
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain('Tr0ub4dor');
    expect(JSON.stringify(found)).not.toContain(api.config.adminSecret);
  });
});
