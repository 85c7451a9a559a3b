import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, listOf, textOf, unique, type HttpClient } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';
import { AdminClient } from '../cli/admin-client';

const [ada, ci, newCi] = ['the-secret-of-ada-0001', 'the-secret-of-ci-00001', 'the-secret-of-ci-00002'];

describe('admin secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-secrets-'));
  const file = join(folder, 'admin-secrets');
  const write = (text: string): void => {
    writeFileSync(file, text);
  };
  let api: ApiUnderTest;

  beforeAll(async () => {
    write(`ada:${ada}\nci:${ci}\n`);
    api = await ApiUnderTest.start({ ADMIN_SECRETS_FILE: file });
  });
  afterAll(async () => {
    await api.stop();
    rmSync(folder, { recursive: true });
  });

  const holding = (secret: string): HttpClient => api.anonymous.with({ 'admin-auth': secret });
  const statusFor = async (secret: string): Promise<number> =>
    (await holding(secret).get('/admin/organisations')).status;
  const records = async (): Promise<readonly Record<string, unknown>[]> =>
    listOf(expectOk(await api.admin.get('/admin/audit-logs?p=-1')).json['audit_logs']);

  it('say in the audit log of the organisation and of the operator who it was, and never the secret', async () => {
    const made = await holding(ada).post('/admin/organisations', { owner_name: unique('org') });
    const id = textOf(expectOk(made).json['Meta']);
    expectOk(await holding(ci).put(`/admin/organisations/${id}`, { owner_name: unique('org') }));
    expectOk(await api.admin.put(`/admin/organisations/${id}`, { owner_name: unique('org') }));
    const stale = { headers: { 'if-match': '"9"' } };
    expect((await holding(ci).put(`/admin/organisations/${id}`, { owner_name: 'x' }, stale)).status).toBe(412);
    const user = expectOk(await holding(ada).post('/admin/users', { email_address: 'a@b.example', org_id: id }));
    const own = await api.anonymous.with({ authorization: textOf(user.json['Message']) }).get('/api/audit-logs?p=-1');
    const seen = listOf(expectOk(own).json['audit_logs']).map((record) => [record['user'], record['status']]);
    expect(seen.reverse()).toEqual([
      ['ada', 200],
      ['ci', 200],
      ['admin', 200],
      ['ci', 412],
      ['ada', 200],
    ]);
    expect(own.text).not.toMatch(/the-secret-of/);
  });

  it('are replaced with an overlap, without a restart', async () => {
    write(`ci:${ci}\nci:${newCi}\n`);
    const reloaded = expectOk(await holding(ci).get('/admin/system/reload'));
    expect(reloaded.text).toBe('{"status":"ok"}');
    expect([await statusFor(ci), await statusFor(newCi), await statusFor(ada)]).toEqual([200, 200, 401]);
    write(`ci:${newCi}\n`);
    // Other replicas see it without being told.
    await eventually(async () => (await statusFor(ci)) === 401);
    expect([await statusFor(newCi), await statusFor(api.config.adminSecret)]).toEqual([200, 200]);
    const [latest] = (await records()).filter(({ action }) => action === 'Reload System');
    expect(latest).toMatchObject({ user: 'ci', status: 200, org_id: '' });
  });

  it('stay as they were when the file is wrong, which is said', async () => {
    for (const wrong of [`ci:${newCi}\nada\n`, `ci:short`]) {
      write(wrong);
      const reply = await holding(newCi).get('/admin/system/reload');
      expect([reply.status, reply.json['Code']]).toEqual([409, 'not_configured']);
      expect(reply.text).not.toMatch(/the-secret-of|short/);
      expect(await statusFor(newCi)).toBe(200);
    }
    write(`ci:${newCi}\n`);
  });

  it.each([
    ['', 401],
    ['undefined', 401],
    [`${ada},${ci}`, 401],
    [`ci:${newCi}`, 401],
  ])('do not include %p', async (secret, status) => {
    expect(await statusFor(secret)).toBe(status);
  });

  it('reload is for the operator alone', async () => {
    const { admin } = await api.organisation();
    expect((await admin.client.get('/admin/system/reload')).status).toBe(401);
    expect((await api.anonymous.get('/admin/system/reload')).status).toBe(401);
  });

  it('serve the command line from a file, too', async () => {
    const secret = join(folder, 'admin-secret');
    writeFileSync(secret, `${api.config.adminSecret}\n`);
    const environment = { CASTELLAN_ADMIN_SECRET_FILE: secret, CASTELLAN_API_URL: api.url };
    expect(await AdminClient.of(environment).get('/admin/organisations')).toHaveProperty('organisations');
  });
});
