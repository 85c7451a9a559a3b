import { anApiDefinition, listOf, textOf, unique, withVersion } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

describe('/api/apis', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const create = async (definition = anApiDefinition()) => {
    const reply = expectOk(await organisation.admin.client.post('/api/apis', { api_definition: definition }));
    return { id: textOf(reply.json['Meta']), apiId: textOf(reply.json['ID']), text: reply.text };
  };

  describe('200', () => {
    it('answers a creation with the database id as Meta and the api_id last', async () => {
      const { id, apiId, text } = await create();
      expect(id).toMatch(/^[0-9a-f]{24}$/);
      expect(text).toBe(`{"Status":"OK","Message":"API created","Meta":"${id}","ID":"${apiId}"}`);
    });

    it('gives the same API by database id and by api_id, with its version as ETag', async () => {
      const { id, apiId } = await create();
      const byId = expectOk(await organisation.admin.client.get(`/api/apis/${id}`));
      const byApiId = expectOk(await organisation.admin.client.get(`/api/apis/${apiId}/`));
      expect(byApiId.json).toEqual(byId.json);
      expect(byId.headers.get('etag')).toBe('"1"');
      expect(byId.json['api_definition']).toMatchObject({ id, api_id: apiId, org_id: organisation.id });
    });

    it('honours an api_id that is sent, and keeps one that a PUT changes', async () => {
      const sent = unique('id');
      const { id, apiId } = await create(anApiDefinition({ api_id: sent }));
      expect(apiId).toBe(sent);
      const changed = unique('id');
      const reply = await organisation.admin.client.put(`/api/apis/${id}`, {
        api_definition: anApiDefinition({ api_id: changed }),
      });
      expect(reply.json).toMatchObject({ Status: 'OK', Message: 'Api updated', Meta: null });
      expect((await organisation.admin.client.get(`/api/apis/${changed}`)).status).toBe(200);
      expect((await organisation.admin.client.get(`/api/apis/${sent}`)).status).toBe(404);
    });

    it('makes a listen path of the api_id when none is sent', async () => {
      const { id, apiId } = await create(anApiDefinition({ proxy: { listen_path: '' } }));
      const { json } = await organisation.admin.client.get(`/api/apis/${id}`);
      expect(json['api_definition']?.['proxy']?.['listen_path']).toBe(`/${apiId}/`);
    });

    it('deletes, and knows it no more', async () => {
      const { id } = await create();
      const reply = await organisation.admin.client.delete(`/api/apis/${id}`);
      expect(reply.json).toMatchObject({ Status: 'OK', Message: 'API deleted' });
      expect((await organisation.admin.client.get(`/api/apis/${id}`)).status).toBe(404);
    });

    it('takes JSON under any content type, as curl sends it', async () => {
      const reply = await organisation.admin.client.post(
        '/api/apis/',
        { api_definition: anApiDefinition() },
        { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      );
      expect(reply.status).toBe(200);
    });
  });

  describe('promise 10: what we do not understand, we keep', () => {
    it('keeps unknown fields, empty objects, and names with dots, dollars and __proto__', async () => {
      const strange = JSON.parse(
        '{"a.b":1,"$set":{"$x.y":{}},"__proto__":{"admin":true},"constructor":null,"empty":{},"list":[[],{}]}',
      ) as Record<string, unknown>;
      const definition = JSON.stringify({ ...anApiDefinition(), 'config.data': strange });
      const created = expectOk(
        await organisation.admin.client.post('/api/apis', `{"api_definition":${definition},"x.$wrapper":{"":[]}}`),
      );
      const { text } = await organisation.admin.client.get(`/api/apis/${textOf(created.json['Meta'])}`);
      expect(text).toContain(`"config.data":${JSON.stringify(strange)}`);
      expect(text).toContain('"__proto__":{"admin":true}');
      expect(text).toContain('"x.$wrapper":{"":[]}');
    });
  });

  describe('400', () => {
    it('names each wrong field and writes nothing', async () => {
      const definition = { ...anApiDefinition(), active: 'yes', proxy: { listen_path: 7, target_url: 'http://x/' } };
      const reply = await organisation.admin.client.post('/api/apis', { api_definition: definition });
      expect(reply.status).toBe(400);
      expect(reply.json).toMatchObject({ Status: 'Error', Meta: null, Code: 'validation_failed' });
      const paths = listOf(reply.json['Errors']).map((error) => error['path']);
      expect(paths.sort()).toEqual(['api_definition.active', 'api_definition.proxy.listen_path']);
    });

    it('names what is wrong around the definition', async () => {
      const around = { is_site: 'no', sort_by: '1', user_owners: 'x', user_group_owners: [1], categories: {}, oas: 5 };
      const body = { api_definition: anApiDefinition(), ...around };
      const reply = await organisation.admin.client.post('/api/apis', body);
      const paths = listOf(reply.json['Errors']).map((error) => textOf(error['path']));
      const wrong = ['categories', 'is_site', 'oas', 'sort_by', 'user_group_owners[0]', 'user_owners'];
      expect([reply.status, paths.sort()]).toEqual([400, wrong]);
    });

    it.each([
      ['no body', ''],
      ['a list', '[]'],
      ['no definition', '{}'],
      ['a definition that is text', '{"api_definition":"x"}'],
    ])('refuses %s', async (_, body) => {
      const reply = await organisation.admin.client.post('/api/apis', body);
      expect([reply.status, reply.json['Code']]).toEqual([400, 'validation_failed']);
    });

    it('says that JSON is broken', async () => {
      const reply = await organisation.admin.client.post('/api/apis', '{"api_definition":');
      expect([reply.status, reply.json['Code']]).toEqual([400, 'malformed_json']);
    });
  });

  describe('401', () => {
    it.each([{}, { authorization: '' }, { authorization: 'Bearer nobody' }])('refuses %p', async (headers) => {
      const reply = await api.anonymous.get('/api/apis', { headers: headers });
      expect(reply.status).toBe(401);
      expect(reply.text).toMatch(/^{"Status":"Error","Message":"Not authorised","Meta":null,/);
    });

    it('takes the key raw and as Bearer', async () => {
      const { accessKey } = organisation.admin;
      expect((await api.anonymous.get('/api/apis', { headers: { authorization: `Bearer ${accessKey}` } })).status).toBe(
        200,
      );
    });
  });

  describe('403', () => {
    it('lets a reader read, and refuses each write in Tyk’s words', async () => {
      const { id } = await create();
      const reader = await api.user(organisation.id, { apis: 'read' });
      expect((await reader.client.get('/api/apis')).status).toBe(200);
      const writes = [
        await reader.client.post('/api/apis', { api_definition: anApiDefinition() }),
        await reader.client.put(`/api/apis/${id}`, { api_definition: anApiDefinition() }),
        await reader.client.delete(`/api/apis/${id}`),
      ];
      expect(writes.map(({ status }) => status)).toEqual([403, 403, 403]);
      expect(writes[0]?.json['Message']).toBe('access denied: You do not have permission to access  /api/apis');
    });

    it('refuses everything to a user of another section', async () => {
      const other = await api.user(organisation.id, { hooks: 'write' });
      expect((await other.client.get('/api/apis')).status).toBe(403);
    });
  });

  describe('promise 6: tenants cannot see each other', () => {
    it('answers another organisation’s API exactly as one that does not exist', async () => {
      const { id, apiId } = await create();
      const stranger = await api.organisation();
      const without = ({ json }: { json: Record<string, unknown> }) => ({ ...json, RequestID: '' });
      const missing = await stranger.admin.client.get('/api/apis/000000000000000000000000');
      for (const path of [`/api/apis/${id}`, `/api/apis/${apiId}`]) {
        const replies = [
          await stranger.admin.client.get(path),
          await stranger.admin.client.put(path, { api_definition: anApiDefinition() }),
          await stranger.admin.client.delete(path),
        ];
        for (const reply of replies) {
          expect(reply.status).toBe(404);
          expect(without(reply)).toEqual(without(missing));
        }
      }
      expect((await stranger.admin.client.get('/api/apis?p=-1')).json['apis']).toEqual([]);
      expect((await organisation.admin.client.get(`/api/apis/${id}`)).status).toBe(200);
    });

    it('does not name another organisation’s API in a conflict', async () => {
      const { apiId } = await create(anApiDefinition({ proxy: { listen_path: '/shared-path/' } }));
      const stranger = await api.organisation();
      const taken = anApiDefinition({ proxy: { listen_path: '/shared-path' } });
      const reply = await stranger.admin.client.post('/api/apis', { api_definition: taken });
      expect([reply.status, reply.json['Code'], reply.json['Meta']]).toEqual([409, 'listen_path_conflict', null]);
      expect(reply.text).not.toContain(apiId);
    });
  });

  describe('409', () => {
    it('names the API that holds the listen path', async () => {
      const path = `/${unique('path')}/`;
      const { id, apiId } = await create(anApiDefinition({ proxy: { listen_path: path } }));
      const reply = await organisation.admin.client.post('/api/apis', {
        api_definition: anApiDefinition({ proxy: { listen_path: path } }),
      });
      expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
      expect(reply.json['Meta']).toMatchObject({ id, api_id: apiId });
    });

    it('lets inactive APIs, and APIs of other domains, share a path', async () => {
      const path = `/${unique('path')}/`;
      await create(anApiDefinition({ proxy: { listen_path: path } }));
      await create(anApiDefinition({ active: false, proxy: { listen_path: path } }));
      await create(anApiDefinition({ domain: 'a.example', proxy: { listen_path: path } }));
    });

    it('refuses an api_id that is taken', async () => {
      const { apiId } = await create();
      const reply = await organisation.admin.client.post('/api/apis', {
        api_definition: anApiDefinition({ api_id: apiId }),
      });
      expect([reply.status, reply.json['Message']]).toEqual([409, 'Found API with the same ID']);
    });
  });

  describe('promise 8: no lost updates', () => {
    it('refuses a write against another version, and tells the current one', async () => {
      const { id } = await create();
      const write = (ifMatch: string) =>
        organisation.admin.client.put(
          `/api/apis/${id}`,
          { api_definition: anApiDefinition() },
          { headers: { 'if-match': ifMatch } },
        );
      expect((await write('"1"')).headers.get('etag')).toBe('"2"');
      const stale = await write('"1"');
      expect([stale.status, stale.json['Code'], stale.json['Meta']?.['version']]).toEqual([412, 'version_mismatch', 2]);
      expect((await write('W/"2-gzip"')).status).toBe(200);
      expect((await write('*')).status).toBe(200);
    });

    it('counts 32 concurrent writers: successes add up to the version, and every one is in the history', async () => {
      const { id } = await create();
      const definition = anApiDefinition();
      const write = async (writer: number): Promise<number> => {
        for (;;) {
          const { headers } = await organisation.admin.client.get(`/api/apis/${id}`);
          const reply = await organisation.admin.client.put(
            `/api/apis/${id}`,
            { api_definition: { ...definition, writer } },
            { headers: { 'if-match': headers.get('etag') ?? '' } },
          );
          if (reply.status === 200) return 1;
          if (reply.status !== 412) throw new Error(reply.text);
        }
      };
      await Promise.all(Array.from({ length: 32 }, (_, writer) => write(writer)));
      expect(withVersion(await organisation.admin.client.get(`/api/apis/${id}`))['version']).toBe(33);
      const history = await organisation.admin.client.get(`/api/apis/${id}/revisions?p=-1`);
      expect(listOf(history.json['revisions']).map((revision) => revision['revision'])).toEqual(
        Array.from({ length: 33 }, (_, index) => 33 - index),
      );
    });

    it('demands If-Match where the organisation does', async () => {
      const strict = await api.organisation({ require_if_match: true });
      const created = expectOk(await strict.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
      const path = `/api/apis/${textOf(created.json['Meta'])}`;
      expect((await strict.admin.client.delete(path)).status).toBe(428);
      expect((await strict.admin.client.delete(path, { headers: { 'if-match': '"1"' } })).status).toBe(200);
    });
  });
});
