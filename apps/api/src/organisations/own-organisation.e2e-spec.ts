import { listOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

describe('what an organisation keeps of OPA', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    organisation = await api.organisation({ allow_duplicate_slugs: true });
  });

  const rules = 'package dashboard_users\ndefault request_intent = "read"';
  const permissions = { api_developer: 'API Developer', api_manager: 'API Manager' };

  it.each([
    ['/api/org/opa', { open_policy: { enabled: true, rules } }, { open_policy: { enabled: false, rules: '' } }],
    ['/api/org/permissions', { additional_permissions: permissions }, { additional_permissions: {} }],
  ])('%s is stored and returned, and says that it decides nothing', async (path, body, empty) => {
    const { client } = organisation.admin;
    expect(expectOk(await client.get(path)).json).toEqual(empty);
    const stale = await client.put(path, body, { headers: { 'if-match': '"9"' } });
    expect(stale.status).toBe(412);
    const written = expectOk(await client.put(path, body, { headers: { 'if-match': '"1"' } }));
    expect([written.json['Status'], written.headers.get('etag')]).toEqual(['OK', '"2"']);
    expect(written.headers.get('x-castellan-notes')).toMatch(/is stored and/);
    const read = expectOk(await client.get(path));
    expect(read.json).toEqual(body);
    expect(read.headers.get('x-castellan-notes')).toMatch(/not evaluated/);
    // Everything else of the organisation stays.
    const { json } = expectOk(await api.admin.get(`/admin/organisations/${organisation.id}`));
    expect(json).toMatchObject({ ...body, settings: { allow_duplicate_slugs: true } });
    const audit = listOf(expectOk(await client.get('/api/audit-logs?p=-1')).json['audit_logs']);
    expect(audit[0]?.['changes']).toMatchObject([{ kind: 'organisation', id: organisation.id, operation: 'update' }]);
  });

  it('gives no right', async () => {
    const { client } = organisation.admin;
    expectOk(await client.put('/api/org/permissions', { additional_permissions: permissions }));
    const user = await api.user(organisation.id, { api_manager: 'write', policies: 'read' });
    expect((await user.client.get('/api/apis')).status).toBe(403);
  });

  it.each([
    ['/api/org/opa', {}, 'open_policy'],
    ['/api/org/opa', [], 'body'],
    ['/api/org/opa', { open_policy: { rules: 7 } }, 'open_policy.rules'],
    ['/api/org/opa', { open_policy: { rules: 'x'.repeat(256 * 1024 + 1) } }, 'open_policy.rules'],
    ['/api/org/opa', { open_policy: { enabled: 'yes' } }, 'open_policy.enabled'],
    ['/api/org/opa', { open_policy: { rulez: '' } }, 'open_policy.rulez'],
    ['/api/org/opa', { open_policy: {}, owner_name: 'x' }, 'owner_name'],
    ['/api/org/permissions', { additional_permissions: { a: 1 } }, 'additional_permissions.a'],
    ['/api/org/permissions', { additional_permissions: { 'a b': 'x' } }, 'additional_permissions.a b'],
    ['/api/org/permissions', { additional_permissions: null }, 'additional_permissions'],
    [
      '/api/org/permissions',
      { additional_permissions: Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`p${n}`, 'x'])) },
      'additional_permissions',
    ],
  ])('%s refuses what it cannot keep (%#)', async (path, body, field) => {
    const reply = await organisation.admin.client.put(path, body);
    expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, field]);
  });

  it.each(['/api/org/opa', '/api/org/permissions'])('%s asks for rights', async (path) => {
    const reader = await api.user(organisation.id, { system: 'read' });
    expectOk(await reader.client.get(path));
    expect((await reader.client.put(path, {})).status).toBe(403);
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await stranger.client.get(path)).status).toBe(403);
    expect((await api.anonymous.get(path)).status).toBe(401);
  });
});
