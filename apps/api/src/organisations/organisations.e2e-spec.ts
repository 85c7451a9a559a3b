import { anApiDefinition, listOf, textOf, unique, type Reply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../test/api-under-test';

const missingId = '000000000000000000000000';

describe('/admin/organisations', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());

  const create = async (fields: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    textOf(
      expectOk(await api.admin.post('/admin/organisations', { owner_name: unique('org'), ...fields })).json['Meta'],
    );
  const get = (id: string): Promise<Reply> => api.admin.get(`/admin/organisations/${id}`);

  describe('200', () => {
    it('creates: Meta is the id, and the last quoted value of the line', async () => {
      const reply = await api.admin.post('/admin/organisations/', { owner_name: 'Jively', cname: 'jive.ly' });
      expect(reply.status).toBe(200);
      expect(reply.text).toMatch(/^{"Status":"OK","Message":"Org created","Meta":"[0-9a-f]{24}"}$/);
      expect(reply.headers.get('etag')).toBe('"1"');
    });

    it('gets what was sent, what clients expect to find, and the APIs of the organisation', async () => {
      const { id, admin } = await api.organisation();
      expectOk(
        await api.admin.put(`/admin/organisations/${id}`, {
          owner_name: 'Jively',
          owner_slug: 'jively',
          cname: 'jive.ly',
          cname_enabled: true,
          event_options: { key_event: { email: 'a@b' } },
        }),
      );
      const definition = anApiDefinition();
      const created = expectOk(await admin.client.post('/api/apis', { api_definition: definition }));
      const reply = expectOk(await get(id));
      expect(reply.json).toEqual({
        id,
        owner_name: 'Jively',
        owner_slug: 'jively',
        cname: 'jive.ly',
        cname_enabled: true,
        developer_quota: 0,
        developer_count: 0,
        event_options: { key_event: { email: 'a@b' } },
        hybrid_enabled: false,
        ui: {},
        org_options_meta: {},
        open_policy: { rules: '', enabled: false },
        additional_permissions: {},
        apis: [{ api_human_name: definition['name'], api_id: created.json['ID'] }],
      });
      expect(reply.text).toMatch(new RegExp(`^{"id":"${id}",`));
      expect(reply.json).not.toHaveProperty('version');
      expect(reply.headers.get('etag')).toBe('"2"');
    });

    it('keeps fields that nobody knows, and lets nobody set the id or the APIs', async () => {
      const id = await create({ id: missingId, apis: [{ api_id: 'forged' }], version: 99, 'x.$new': { '': [] } });
      const reply = await get(id);
      expect([reply.json['id'], reply.json['apis'], withVersion(reply)['version']]).toEqual([id, [], 1]);
      expect(reply.text).toContain('"x.$new":{"":[]}');
    });

    it('keeps every field that a Dashboard knows', async () => {
      const fields = {
        owner_slug: unique('slug'),
        cname: 'jive.ly',
        cname_enabled: true,
        developer_quota: 7,
        developer_count: 3,
        sso_enabled: true,
        hybrid_enabled: true,
        event_options: { key_event: { webhook: 'http://h.example', email: 'a@b.example', redis: true } },
        ui: { languages: { English: 'en' }, hide_help: true, login_page: {}, nav: { dont_show_admin_sockets: false } },
        org_options_meta: { 'a.b': { $c: 1 } },
        open_policy: { rules: 'package x', enabled: true },
        additional_permissions: { api_manager: 'API Manager' },
      };
      expect((await get(await create(fields))).json).toMatchObject(fields);
    });

    it('replaces the whole object', async () => {
      const id = await create({ cname: 'old.example', custom: true });
      const reply = expectOk(await api.admin.put(`/admin/organisations/${id}`, { owner_name: 'New name' }));
      expect(reply.text).toBe('{"Status":"OK","Message":"Org updated","Meta":null}');
      expect(reply.headers.get('etag')).toBe('"2"');
      const { json } = await get(id);
      expect(json).toMatchObject({ owner_name: 'New name', cname: '' });
      expect(json['custom']).toBeUndefined();
    });

    it('takes a replacement by the same for no change', async () => {
      const id = await create();
      const same = { owner_name: 'Same', cname: 'c' };
      expectOk(await api.admin.put(`/admin/organisations/${id}`, same));
      const again = expectOk(await api.admin.put(`/admin/organisations/${id}`, { cname: 'c', owner_name: 'Same' }));
      expect(again.headers.get('etag')).toBe('"2"');
    });

    it('deletes it with its users, whose keys open nothing any more', async () => {
      const { id, admin } = await api.organisation();
      const reply = expectOk(await api.remove(id));
      expect(reply.text).toBe('{"Status":"OK","Message":"Org deleted","Meta":null}');
      expect((await get(id)).status).toBe(404);
      expect((await admin.client.get('/api/apis')).status).toBe(401);
      expect((await api.admin.get(`/admin/users/${admin.id}`)).status).toBe(404);
    });

    it('deletes what nodes run only when it is confirmed, and then nodes run it no more', async () => {
      const { id, admin } = await api.organisation();
      expectOk(await admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
      expectOk(await api.remove(id));
      expect((await get(id)).status).toBe(404);
      const left = await api.organisation();
      expect((await left.admin.client.get('/api/apis?p=-1')).json['apis']).toEqual([]);
    });

    it('lists pages of ten by name, and everything for a negative page', async () => {
      const own = await ApiUnderTest.start();
      try {
        for (let index = 0; index < 12; index += 1) {
          expectOk(
            await own.admin.post('/admin/organisations', { owner_name: `org ${String(index).padStart(2, '0')}` }),
          );
        }
        const names = async (query: string): Promise<unknown> => {
          const { json } = expectOk(await own.admin.get(`/admin/organisations/${query}`));
          return [listOf(json['organisations']).map((row) => textOf(row['owner_name']).slice(4)), json['pages']];
        };
        const all = Array.from({ length: 12 }, (_, index) => String(index).padStart(2, '0'));
        for (const first of ['', '?p=0', '?p=1']) expect(await names(first)).toEqual([all.slice(0, 10), 2]);
        expect(await names('?p=2')).toEqual([all.slice(10), 2]);
        expect(await names('?p=3')).toEqual([[], 2]);
        for (const whole of ['?p=-1', '?p=-2']) expect(await names(whole)).toEqual([all, 1]);
      } finally {
        await own.stop();
      }
    });
  });

  describe('settings', () => {
    const settingsOf = async (id: string): Promise<unknown> => expectOk(await get(id)).json['settings'];

    it('stay as they are on a PUT that does not name them, and go on protecting', async () => {
      const settings = { require_if_match: true, allow_duplicate_slugs: true };
      const { id, admin } = await api.organisation(settings);
      for (const body of [{ owner_name: unique('org') }, { owner_name: unique('org'), settings: null }]) {
        expectOk(await api.admin.put(`/admin/organisations/${id}`, body));
        expect(await settingsOf(id)).toEqual(settings);
      }
      const { json } = expectOk(await admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
      const path = `/api/apis/${textOf(json['ID'])}`;
      expect((await admin.client.put(path, { api_definition: anApiDefinition() })).status).toBe(428);
    });

    it('are replaced as a whole by a PUT that names some', async () => {
      const { id } = await api.organisation({ require_if_match: true, allow_duplicate_slugs: true });
      const body = { owner_name: unique('org'), settings: { allow_duplicate_slugs: true } };
      expectOk(await api.admin.put(`/admin/organisations/${id}`, body));
      expect(await settingsOf(id)).toEqual({ allow_duplicate_slugs: true });
    });

    it('hold the organisation to its quotas, and take nothing from it', async () => {
      const { id, admin } = await api.organisation({ quotas: { apis: 1, users: 2, keys: 0, user_groups: 1 } });
      const add = () => admin.client.post('/api/apis', { api_definition: anApiDefinition() });
      const api_id = textOf(expectOk(await add()).json['ID']);
      const group = { name: 'g', user_permissions: { apis: 'read' } };
      expectOk(await admin.client.post('/api/usergroups', group));
      const user = { email_address: `${unique('u')}@b.example`, user_permissions: { apis: 'read' } };
      expectOk(await admin.client.post('/api/users', user));
      const key = { access_rights: { [api_id]: { api_id, api_name: 'x', versions: ['Default'] } } };
      const refused = [
        await add(),
        await admin.client.post('/api/usergroups', group),
        await admin.client.post('/api/users', { ...user, email_address: `${unique('u')}@b.example` }),
        await admin.client.post('/api/keys', key),
        await admin.client.post('/api/import', {
          apis: [{ api_definition: anApiDefinition({ api_id: unique('api') }) }],
        }),
        await api.admin.post('/admin/users', { ...user, org_id: id, email_address: `${unique('u')}@b.example` }),
      ];
      expect(refused.map(({ status, json }) => [status, json['Code']])).toEqual(
        refused.map(() => [400, 'limit_reached']),
      );
      // Quotas of less than there is stop only what is more.
      const lower = { owner_name: unique('org'), settings: { quotas: { apis: 0 } } };
      expectOk(await api.admin.put(`/admin/organisations/${id}`, lower));
      expectOk(await admin.client.put(`/api/apis/${api_id}`, { api_definition: anApiDefinition({ api_id }) }));
      expectOk(await admin.client.delete(`/api/apis/${api_id}`));
      expect((await add()).status).toBe(400);
    });

    it.each([
      [{ apples: 1 }, 'settings.quotas.apples'],
      [{ apis: -1 }, 'settings.quotas.apis'],
      [{ users: '7' }, 'settings.quotas.users'],
    ])('400: refuse the quotas %j', async (quotas, path) => {
      const reply = await api.admin.post('/admin/organisations', { owner_name: 'x', settings: { quotas } });
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
    });

    it('400: refuse a name that would protect nothing, and change nothing', async () => {
      const { id } = await api.organisation({ require_if_match: true });
      const body = { owner_name: unique('org'), settings: { require_ifmatch: true } };
      for (const reply of [
        await api.admin.put(`/admin/organisations/${id}`, body),
        await api.admin.post('/admin/organisations', body),
      ]) {
        expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
        expect(listOf(reply.json['Errors']).map(({ path }) => path)).toEqual(['settings.require_ifmatch']);
      }
      expect(await settingsOf(id)).toEqual({ require_if_match: true });
    });
  });

  describe('400', () => {
    it.each([
      ['{}', ['owner_name']],
      ['{"owner_name":""}', ['owner_name']],
      [`{"owner_name":"x","owner_slug":"${'x'.repeat(257)}"}`, ['owner_slug']],
      [`{"owner_name":"x","cname":"${'x'.repeat(257)}"}`, ['cname']],
      ['{"owner_name":7}', ['owner_name']],
      ['{"owner_name":"x","cname_enabled":"yes","event_options":"all"}', ['cname_enabled', 'event_options']],
      ['{"owner_name":"x","settings":{"require_if_match":"yes"}}', ['settings.require_if_match']],
    ])('names each wrong field of %s', async (body, paths) => {
      const reply = await api.admin.post('/admin/organisations', body);
      expect(reply.status).toBe(400);
      expect(reply.json).toMatchObject({ Status: 'Error', Meta: null, Code: 'validation_failed' });
      expect([...new Set(listOf(reply.json['Errors']).map((error) => error['path']))].sort()).toEqual(paths);
    });

    it.each(['', '[]', '"text"', 'null'])('refuses the body %p', async (body) => {
      const reply = await api.admin.post('/admin/organisations', body);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
    });

    it('says that JSON is broken', async () => {
      const reply = await api.admin.post('/admin/organisations', '{"owner_name":');
      expect([reply.status, reply.json['Code']]).toEqual([400, 'malformed_json']);
    });
  });

  describe('401', () => {
    it.each(['GET', 'POST'])('refuses %s without the admin secret', async (method) => {
      const reply = await api.anonymous.call(method, '/admin/organisations');
      expect(reply.status).toBe(401);
      expect(reply.text).toMatch(/^{"Status":"Error","Message":"Not authorised","Meta":null,/);
    });

    it('refuses an access key and the node secret', async () => {
      const { admin } = await api.organisation();
      expect((await admin.client.get('/admin/organisations')).status).toBe(401);
      expect((await api.node.get('/admin/organisations')).status).toBe(401);
    });
  });

  describe('404', () => {
    it.each([missingId, 'no-id-at-all', '%00', `${missingId}0`])('answers the same for %s', async (id) => {
      const replies = [
        await get(id),
        await api.admin.put(`/admin/organisations/${id}`, { owner_name: 'x' }),
        await api.admin.delete(`/admin/organisations/${id}`),
      ];
      for (const { status, json } of replies) {
        expect([status, json['Message']]).toEqual([404, 'Could not retrieve org detail']);
      }
    });
  });

  describe('409', () => {
    it('does not delete an organisation that still holds what nodes run, and says what', async () => {
      const { id, admin } = await api.organisation();
      const created = expectOk(await admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
      const reply = await api.admin.delete(`/admin/organisations/${id}`);
      expect([reply.status, reply.json['Code']]).toEqual([409, 'confirmation_needed']);
      expect(reply.json['Meta']?.['would_delete']).toMatchObject({ apis: 1, policies: 0, users: 1 });
      const other = await api.admin.delete(`/admin/organisations/${id}?confirm=another`);
      expect([other.status, listOf(other.json['Errors'])[0]?.['path']]).toEqual([400, 'confirm']);
      expect((await get(id)).status).toBe(200);
      expect((await admin.client.get(`/api/apis/${textOf(created.json['Meta'])}`)).status).toBe(200);
    });

    it('says whose a slug is, to whoever creates, imports, founds or renames one with the same', async () => {
      const slug = unique('slug');
      const id = await create({ owner_slug: slug });
      const another = await create({ owner_slug: unique('slug') });
      const same = { owner_name: unique('org'), owner_slug: ` ${slug.toUpperCase()}` };
      const replies = [
        await api.admin.post('/admin/organisations', same),
        await api.admin.post('/admin/organisations/import', { ...same, id: '5cc03283d07e7f00019404b3' }),
        await api.admin.post('/admin/bootstrap', { ...same, email_address: 'a@b.example' }),
        await api.admin.put(`/admin/organisations/${another}`, same),
      ];
      for (const { status, json } of replies) {
        expect([status, json['Code'], json['Meta']]).toEqual([409, 'owner_slug_conflict', { id }]);
        expect(json['Message']).toContain(id);
      }
      const all = await Promise.all(
        [1, 2, 3].map(() => api.admin.post('/admin/organisations', { owner_name: 'x', owner_slug: `${slug}-new` })),
      );
      expect(all.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
      // It is free again when its holder lets go of it.
      expectOk(await api.admin.put(`/admin/organisations/${id}`, { owner_name: 'x', owner_slug: 'none of it' }));
      expectOk(await api.admin.put(`/admin/organisations/${another}`, same));
    });
  });

  describe('promise 8: no lost updates', () => {
    it('refuses a write against another version, and tells the current one', async () => {
      const id = await create();
      const put = (ifMatch: string): Promise<Reply> =>
        api.admin.put(
          `/admin/organisations/${id}`,
          { owner_name: unique('org') },
          { headers: { 'if-match': ifMatch } },
        );
      expect((await put('"1"')).headers.get('etag')).toBe('"2"');
      const stale = await put('"1"');
      expect([stale.status, stale.json['Code'], stale.json['Meta']]).toEqual([412, 'version_mismatch', { version: 2 }]);
      expect(stale.headers.get('etag')).toBe('"2"');
      const removal = await api.admin.delete(`/admin/organisations/${id}`, { headers: { 'if-match': '"1"' } });
      expect(removal.status).toBe(412);
      expect((await api.admin.delete(`/admin/organisations/${id}`, { headers: { 'if-match': '"2"' } })).status).toBe(
        200,
      );
    });
  });
});
