import { listOf, textOf, unique, type Reply, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const path = '/api/hooks';
const nobodysId = '000000000000000000000000';

const aHook = (overrides: object = {}): Record<string, unknown> => ({
  name: unique('hook'),
  method: 'POST',
  target_path: 'https://hooks.example.org/tyk',
  header_map: { 'x-tyk-test': '123456' },
  ...overrides,
});
const problemsOf = ({ json }: Reply): string[] => listOf(json['Errors']).map((error) => textOf(error['path']));

describe(path, () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const create = async (hook: object = aHook(), owner = organisation): Promise<string> =>
    textOf(expectOk(await owner.admin.client.post(path, hook)).json['Meta']);
  const get = async (id: string, owner = organisation): Promise<Reply> =>
    expectOk(await owner.admin.client.get(`${path}/${id}`));

  describe('200', () => {
    it('answers a creation with the id as Meta', async () => {
      const reply = expectOk(await organisation.admin.client.post(path, aHook()));
      const id = textOf(reply.json['Meta']);
      expect(id).toMatch(/^[0-9a-f]{24}$/);
      expect(reply.text).toBe(`{"Status":"OK","Message":"Webhook created","Meta":"${id}"}`);
      expect(reply.headers.get('etag')).toBe('"1"');
    });

    it('gives a hook with every field that clients know, in their order', async () => {
      const sent = aHook({ org_id: nobodysId, id: nobodysId });
      const id = await create(sent);
      const reply = await get(id);
      expect(reply.text).toBe(
        JSON.stringify({
          api_model: {},
          id,
          org_id: organisation.id,
          name: sent['name'],
          method: 'POST',
          target_path: 'https://hooks.example.org/tyk',
          template_path: '',
          header_map: { 'x-tyk-test': '123456' },
          event_timeout: 0,
          webhook_id: reply.json['webhook_id'],
        }),
      );
      expect(textOf(reply.json['webhook_id'])).toMatch(/^[0-9a-f]{32}$/);
      expect(reply.headers.get('etag')).toBe('"1"');
    });

    it('answers 304 to somebody who has the version', async () => {
      const id = await create();
      const headers = { 'if-none-match': '"1"' };
      expect((await organisation.admin.client.get(`${path}/${id}`, { headers })).status).toBe(304);
    });

    it('lists by ten, and everything for a negative page, where tyk-demo finds a hook by its name', async () => {
      const own = await api.organisation();
      expect((await own.admin.client.get(path)).text).toBe('{"hooks":[],"pages":0}');
      const name = unique('Webhook Receiver Post');
      // As tyk-demo posts it (docs/tyk/clients.md#bootstrap-scripts): without fields that later replies have.
      const posted = { org_id: '', api_model: {}, template_path: '', name, method: 'POST', target_path: 'http://a/b' };
      const id = await create(posted, own);
      for (let n = 0; n < 10; n += 1) await create(aHook(), own);
      const pages = await Promise.all(['?p=1', '/?p=2', '?p=-1'].map((query) => own.admin.client.get(path + query)));
      expect(pages.map(({ json }) => [listOf(json['hooks']).length, json['pages']])).toEqual([
        [10, 2],
        [1, 2],
        [11, 1],
      ]);
      const found = listOf(pages[2]?.json['hooks']).filter((hook) => textOf(hook['name']) === name);
      expect(found).toEqual([
        {
          ...posted,
          id,
          org_id: own.id,
          header_map: {},
          event_timeout: 0,
          webhook_id: expect.any(String) as string,
        },
      ]);
    });

    it('replaces the whole hook', async () => {
      const id = await create(aHook({ template_path: 'templates/x.json', note: 'mine', webhook_id: 'alarm' }));
      const reply = expectOk(
        await organisation.admin.client.put(`${path}/${id}`, { method: 'put', target_path: 'http://127.0.0.1:9/x' }),
      );
      expect(reply.text).toBe('{"Status":"OK","Message":"Webhook updated","Meta":null}');
      expect(reply.headers.get('etag')).toBe('"2"');
      expect(withVersion(await get(id))).toEqual({
        api_model: {},
        id,
        org_id: organisation.id,
        name: '',
        method: 'put',
        target_path: 'http://127.0.0.1:9/x',
        template_path: '',
        header_map: {},
        event_timeout: 0,
        // References in other installations go by it.
        webhook_id: 'alarm',
        version: 2,
      });
    });

    it('writes nothing for the same content, whatever version it carries', async () => {
      const id = await create();
      const { json } = await get(id);
      const reply = expectOk(await organisation.admin.client.put(`${path}/${id}`, { ...json, version: 9 }));
      expect(reply.headers.get('etag')).toBe('"1"');
      const history = await organisation.admin.client.get(`${path}/${id}/revisions`);
      expect(listOf(history.json['revisions'])).toHaveLength(1);
    });

    it('says what a write would change, and writes nothing', async () => {
      const id = await create();
      const { json } = await get(id);
      const { client } = organisation.admin;
      const valid = expectOk(await client.post(`${path}/validate?id=${id}`, { ...json, name: 'renamed' }));
      expect(valid.json).toMatchObject({
        Message: 'Webhook is valid',
        Meta: { changes: [{ id, operation: 'update' }] },
      });
      expect((await get(id)).json).toEqual(json);
      expect((await client.post(`${path}/validate`, aHook({ method: '' }))).status).toBe(400);
      expect((await client.post(`${path}/validate?id=${'0'.repeat(24)}`, aHook())).status).toBe(404);
    });

    it('deletes, and knows it no more', async () => {
      const id = await create();
      const reply = expectOk(await organisation.admin.client.delete(`${path}/${id}`));
      expect(reply.text).toBe('{"Status":"OK","Message":"Webhook deleted","Meta":null}');
      expect((await organisation.admin.client.get(`${path}/${id}`)).status).toBe(404);
    });

    it('keeps unknown fields (promise 10)', async () => {
      const strange = '{"a.b":1,"$set":{},"__proto__":{"admin":true},"l":[[]]}';
      const sent = `{"method":"GET","target_path":"http://x/","webhook_id":"7","strange":${strange},"header_map":null}`;
      const created = expectOk(await organisation.admin.client.post(path, sent));
      const { text, json } = await get(textOf(created.json['Meta']));
      expect(text).toContain(`"strange":${strange}`);
      expect([json['webhook_id'], json['header_map']]).toEqual(['7', {}]);
    });
  });

  describe('400', () => {
    it.each([
      ['no method', { target_path: 'http://x/' }, ['method']],
      ['an unknown method', aHook({ method: 'TRACE' }), ['method']],
      ['no URL', { method: 'GET' }, ['target_path']],
      ['a relative URL', aHook({ target_path: '/x' }), ['target_path']],
      ['a URL of another scheme', aHook({ target_path: 'ftp://x/y' }), ['target_path']],
      ['a header that is no text', aHook({ header_map: { a: 1 } }), ['header_map["a"]']],
      ['a header that HTTP does not know', aHook({ header_map: { 'a b': '1', ok: '1' } }), ['header_map["a b"]']],
      ['a header of two lines', aHook({ header_map: { a: '1\r\nb: 2' } }), ['header_map["a"]']],
      ['a webhook_id that is no text', aHook({ webhook_id: 7 }), ['webhook_id']],
      ['a negative timeout', aHook({ event_timeout: -1 }), ['event_timeout']],
      ['a list', [], ['body']],
    ])('refuses %s', async (_, body, paths) => {
      const reply = await organisation.admin.client.post(path, body);
      expect([reply.status, reply.json['Code'], problemsOf(reply)]).toEqual([400, 'validation_failed', paths]);
      const id = await create();
      expect((await organisation.admin.client.put(`${path}/${id}`, body)).status).toBe(400);
      expect(withVersion(await get(id))['version']).toBe(1);
    });

    it('refuses no body and broken JSON', async () => {
      const replies = [await organisation.admin.client.post(path), await organisation.admin.client.post(path, '{')];
      expect(replies.map(({ status, json }) => [status, json['Code']])).toEqual([
        [400, 'validation_failed'],
        [400, 'malformed_json'],
      ]);
    });
  });

  it('refuses a webhook_id that another hook of the organisation has, in Tyk’s words', async () => {
    const webhook_id = unique('webhook');
    const id = await create(aHook({ webhook_id, name: 'first' }));
    const other = await create();
    const replies = [
      await organisation.admin.client.post(path, aHook({ webhook_id })),
      await organisation.admin.client.put(`${path}/${other}`, aHook({ webhook_id })),
    ];
    for (const { status, json } of replies) {
      expect([status, json['Code'], json['Message']]).toEqual([409, 'id_conflict', 'Duplicate webhook_id.']);
      expect(json['Meta']).toEqual({ id, name: 'first' });
    }
    expect(withVersion(await get(other))['version']).toBe(1);
    await create(aHook({ webhook_id }), await api.organisation());
  });

  it('answers 401 on every route to somebody without a key', async () => {
    const client = api.anonymous;
    const replies = [
      await client.get(path),
      await client.get(`${path}/${nobodysId}`),
      await client.post(path, aHook()),
      await client.put(`${path}/${nobodysId}`, aHook()),
      await client.delete(`${path}/${nobodysId}`),
      await client.get(`${path}/${nobodysId}/revisions`),
    ];
    expect(replies.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 401]);
  });

  describe('403', () => {
    it('lets a reader read, and refuses each write in Tyk’s words', async () => {
      const id = await create();
      const { client } = await api.user(organisation.id, { hooks: 'read' });
      expect((await client.get(path)).status).toBe(200);
      expect((await client.get(`${path}/${id}`)).status).toBe(200);
      const writes = [
        await client.post(path, aHook()),
        await client.put(`${path}/${id}`, aHook()),
        await client.delete(`${path}/${id}`),
        await client.post(`${path}/${id}/rollback`, { revision: 1 }),
        await client.post(`${path}/${id}/restore`),
      ];
      expect(writes.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
      expect(writes[0]?.json['Message']).toBe(`access denied: You do not have permission to access  ${path}`);
    });

    it('refuses everything to a user of another section', async () => {
      const { client } = await api.user(organisation.id, { apis: 'write' });
      expect([(await client.get(path)).status, (await client.post(path, aHook())).status]).toEqual([403, 403]);
    });
  });

  it('answers another organisation’s hook exactly as one that does not exist (promise 6)', async () => {
    const id = await create();
    const stranger = await api.organisation();
    const without = ({ json }: Reply) => ({ ...json, RequestID: '' });
    const missing = await stranger.admin.client.get(`${path}/${nobodysId}`);
    const replies = [
      missing,
      await stranger.admin.client.get(`${path}/not-an-id`),
      await stranger.admin.client.get(`${path}/${id}`),
      await stranger.admin.client.put(`${path}/${id}`, aHook()),
      await stranger.admin.client.delete(`${path}/${id}?force=true`),
      await stranger.admin.client.get(`${path}/${id}/revisions`),
      await stranger.admin.client.post(`${path}/${id}/restore`),
    ];
    for (const reply of replies) {
      expect(reply.status).toBe(404);
      expect(without(reply)).toEqual(without(missing));
    }
    expect((await stranger.admin.client.get(`${path}?p=-1`)).json['hooks']).toEqual([]);
    expect(withVersion(await get(id))['version']).toBe(1);
  });

  it('answers many requests at once each with the hooks of its own organisation (promise 6)', async () => {
    const organisations = [await api.organisation(), await api.organisation()];
    for (const { id, admin } of organisations) expectOk(await admin.client.post(path, aHook({ name: id })));
    const asked = Array.from({ length: 20 }, (_, index) => organisations[index % 2]);
    const replies = await Promise.all(
      asked.map(async (one) => {
        const { json } = expectOk(await (one ?? organisation).admin.client.get(path));
        return listOf(json['hooks']).map((hook) => textOf(hook['name']));
      }),
    );
    expect(replies).toEqual(asked.map((one) => [one?.id]));
  });

  describe('promise 8: no lost updates', () => {
    it('refuses a write against another version, and tells the current one', async () => {
      const id = await create();
      const write = (ifMatch: string) =>
        organisation.admin.client.put(`${path}/${id}`, aHook(), { headers: { 'if-match': ifMatch } });
      expect((await write('"1"')).headers.get('etag')).toBe('"2"');
      const stale = await write('"1"');
      expect([stale.status, stale.json['Code'], stale.json['Meta']?.['version']]).toEqual([412, 'version_mismatch', 2]);
      const headers = { 'if-match': '"1"' };
      expect((await organisation.admin.client.delete(`${path}/${id}`, { headers })).status).toBe(412);
    });

    it('demands If-Match where the organisation does', async () => {
      const strict = await api.organisation({ require_if_match: true });
      const id = await create(aHook(), strict);
      expect((await strict.admin.client.put(`${path}/${id}`, aHook())).status).toBe(428);
      expect((await strict.admin.client.delete(`${path}/${id}`)).status).toBe(428);
      const headers = { 'if-match': '"1"' };
      expect((await strict.admin.client.delete(`${path}/${id}`, { headers })).status).toBe(200);
    });
  });

  describe('history', () => {
    it('rolls back, in a new revision', async () => {
      const first = aHook();
      const id = await create(first);
      expectOk(await organisation.admin.client.put(`${path}/${id}`, aHook()));
      const reply = expectOk(await organisation.admin.client.post(`${path}/${id}/rollback`, { revision: 1 }));
      expect(reply.headers.get('etag')).toBe('"3"');
      expect((await get(id)).json).toMatchObject(first);
      const history = listOf((await organisation.admin.client.get(`${path}/${id}/revisions`)).json['revisions']);
      expect(history.map((revision) => revision['operation'])).toEqual(['rollback', 'update', 'create']);
    });

    it('shows what was deleted, and brings it back with its id', async () => {
      const hook = aHook();
      const id = await create(hook);
      expectOk(await organisation.admin.client.delete(`${path}/${id}`));
      const deleted = listOf((await organisation.admin.client.get(`${path}/deleted`)).json['deleted']);
      expect(deleted.find((gone) => textOf(gone['id']) === id)).toMatchObject({ name: hook['name'] });
      expectOk(await organisation.admin.client.post(`${path}/${id}/restore`));
      expect(withVersion(await get(id))).toMatchObject({ ...hook, id, version: 3 });
      const again = await organisation.admin.client.post(`${path}/${id}/restore`);
      expect([again.status, again.json['Code']]).toEqual([409, 'id_conflict']);
    });
  });
});
