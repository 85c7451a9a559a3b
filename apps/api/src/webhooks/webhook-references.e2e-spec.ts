import {
  anApiDefinition,
  listOf,
  NodeSimulator,
  textOf,
  unique,
  type JsonReply,
  type Reply,
  withVersion,
} from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const aHook = (overrides: object = {}): Record<string, unknown> => ({
  name: unique('hook'),
  method: 'POST',
  target_path: `https://hooks.example.org/${unique('path')}`,
  header_map: { 'x-tyk-test': '123456' },
  ...overrides,
});
/** As clients send one: with a copy of the hook, of which the id alone counts. */
const reference = (id: string, event_name = 'QuotaExceeded'): Record<string, unknown> => ({
  event_name,
  event_timeout: 60,
  hook: { api_model: {}, id, name: 'out of date', target_path: 'http://out-of-date/' },
});
const problemsOf = ({ json }: Reply): string[] => listOf(json['Errors']).map((error) => textOf(error['path']));

describe('web hooks of API definitions', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  const createHook = async (hook: object = aHook(), owner = organisation): Promise<string> =>
    textOf(expectOk(await owner.admin.client.post('/api/hooks', hook)).json['Meta']);
  const createApi = async (hook_references: unknown, definition = anApiDefinition()): Promise<string> => {
    const body = { api_definition: definition, hook_references };
    return textOf(expectOk(await organisation.admin.client.post('/api/apis', body)).json['Meta']);
  };
  const getApi = async (id: string): Promise<JsonReply> =>
    withVersion(expectOk(await organisation.admin.client.get(`/api/apis/${id}`)));
  const eventsOf = (wrapper: JsonReply) => wrapper['api_definition']?.['event_handlers']?.['events'];
  const historyOf = async (id: string): Promise<unknown[]> => {
    const { json } = expectOk(await organisation.admin.client.get(`/api/apis/${id}/revisions?p=-1`));
    return listOf(json['revisions']).map((revision) => revision['operation']);
  };

  describe('an API that refers to a hook', () => {
    it('carries the hook as it is, in the reference and where nodes look', async () => {
      const hook = aHook();
      const id = await createHook(hook);
      const wrapper = await getApi(await createApi([reference(id)]));
      const known = { id, org_id: organisation.id, ...hook, template_path: '' };
      const webhook_id = expect.any(String) as string;
      expect(wrapper['hook_references']).toEqual([
        {
          event_name: 'QuotaExceeded',
          event_timeout: 60,
          hook: { api_model: {}, ...known, event_timeout: 0, webhook_id },
        },
      ]);
      expect(eventsOf(wrapper)).toEqual({
        QuotaExceeded: [
          { handler_name: 'eh_web_hook_handler', handler_meta: { _id: id, ...known, event_timeout: 60 } },
        ],
      });
    });

    it('may name it in upper case, or by the webhook_id that it has in every installation', async () => {
      const webhook_id = unique('webhook');
      const id = await createHook(aHook({ webhook_id }));
      const elsewhere = { ...reference('5ead71205759610001818680'), hook: { id: 'x', webhook_id } };
      for (const given of [reference(id.toUpperCase()), elsewhere]) {
        const wrapper = await getApi(await createApi([given]));
        expect(listOf(wrapper['hook_references'])[0]).toMatchObject({ hook: { id, webhook_id } });
        expect(eventsOf(wrapper)).toMatchObject({ QuotaExceeded: [{ handler_meta: { _id: id } }] });
      }
      expect((await organisation.admin.client.delete(`/api/hooks/${id}`)).json['Code']).toBe('in_use');
    });

    it('keeps the reference when a write sends the definition alone, as tyk-sync does', async () => {
      const id = await createHook();
      const definition = anApiDefinition();
      const apiId = await createApi([reference(id)], definition);
      const before = await getApi(apiId);
      const reply = expectOk(await organisation.admin.client.put(`/api/apis/${apiId}`, { api_definition: definition }));
      expect(reply.headers.get('etag')).toBe('"1"');
      expect(await getApi(apiId)).toEqual(before);
    });

    it('loses the handler with the reference, and keeps the handlers of others', async () => {
      const log = { handler_name: 'eh_log_handler', handler_meta: { prefix: 'x' } };
      const id = await createHook();
      const definition = anApiDefinition({ event_handlers: { events: { QuotaExceeded: [log] } } });
      const apiId = await createApi([reference(id)], definition);
      const wrapper = await getApi(apiId);
      expect(eventsOf(wrapper)).toMatchObject({ QuotaExceeded: [log, { handler_meta: { _id: id } }] });
      expectOk(await organisation.admin.client.put(`/api/apis/${apiId}`, { ...wrapper, hook_references: [] }));
      expect(eventsOf(await getApi(apiId))).toEqual({ QuotaExceeded: [log] });
    });

    it('takes null for no references, as Go programs write it', async () => {
      const definition = anApiDefinition();
      const apiId = await createApi([reference(await createHook())], definition);
      const body = { api_definition: definition, hook_references: null };
      const put = async () => expectOk(await organisation.admin.client.put(`/api/apis/${apiId}`, body));
      expect((await put()).headers.get('etag')).toBe('"2"');
      const wrapper = await getApi(apiId);
      expect(wrapper['hook_references']).toBeNull();
      expect(eventsOf(wrapper) ?? {}).toEqual({});
      expect((await put()).headers.get('etag')).toBe('"2"');
    });

    it('leaves handlers alone that somebody wrote into the definition, whoever’s hook they name', async () => {
      const events = {
        AuthFailure: [
          { handler_name: 'eh_web_hook_handler', handler_meta: { id: 'elsewhere', target_path: 'http://x/' } },
        ],
      };
      const wrapper = await getApi(await createApi([], anApiDefinition({ event_handlers: { events } })));
      expect(eventsOf(wrapper)).toEqual(events);
    });
  });

  describe('400', () => {
    it('refuses an unknown hook and another organisation’s in the same words', async () => {
      const own = await createHook();
      const foreign = await createHook(aHook(), await api.organisation());
      const refused = async (id: string) => {
        const hook_references = [reference(own), reference(id, 'AuthFailure')];
        const body = { api_definition: anApiDefinition(), hook_references };
        return organisation.admin.client.post('/api/apis', body);
      };
      const replies = [await refused('000000000000000000000000'), await refused(foreign), await refused('')];
      for (const reply of replies) {
        expect([reply.status, problemsOf(reply)]).toEqual([400, ['hook_references[1].hook.id']]);
        expect(listOf(reply.json['Errors'])[0]?.['message']).toBe('names no web hook of the organisation');
      }
    });

    it.each([
      ['no list', {}, ['hook_references']],
      ['a list of texts', ['x'], ['hook_references[0]']],
      ['a reference without an event', [{ hook: { id: 'x' } }], ['hook_references[0].event_name']],
      [
        'timeouts that are no seconds',
        [
          { ...reference('x'), event_timeout: '60' },
          { ...reference('x'), event_timeout: 1.5 },
        ],
        ['hook_references[0].event_timeout', 'hook_references[1].event_timeout'],
      ],
    ])('refuses %s', async (_, hook_references, paths) => {
      const id = await createApi([]);
      const body = { api_definition: anApiDefinition(), hook_references };
      const reply = await organisation.admin.client.put(`/api/apis/${id}`, body);
      expect([reply.status, problemsOf(reply)]).toEqual([400, paths]);
      expect((await getApi(id))['version']).toBe(1);
    });

    it('refuses to roll back to a hook that is gone, until it is restored', async () => {
      const id = await createHook();
      const apiId = await createApi([reference(id)]);
      expectOk(
        await organisation.admin.client.put(`/api/apis/${apiId}`, {
          api_definition: anApiDefinition(),
          hook_references: [],
        }),
      );
      expectOk(await organisation.admin.client.delete(`/api/hooks/${id}`));
      const rollback = () => organisation.admin.client.post(`/api/apis/${apiId}/rollback`, { revision: 1 });
      expect(problemsOf(await rollback())).toEqual(['hook_references[0].hook.id']);
      expectOk(await organisation.admin.client.post(`/api/hooks/${id}/restore`));
      expectOk(await rollback());
      expect(eventsOf(await getApi(apiId))).toMatchObject({ QuotaExceeded: [{ handler_meta: { _id: id } }] });
    });
  });

  describe('a change of a hook', () => {
    it('refreshes each API that refers to it, each with its own revision, and no other', async () => {
      const id = await createHook();
      const other = await createHook();
      const apis = [await createApi([reference(id)]), await createApi([reference(id), reference(other, 'KeyExpired')])];
      const untouched = await createApi([reference(other)]);
      const target_path = 'https://moved.example.org/';
      const headers = { 'x-change-reason': 'moved' };
      expectOk(await organisation.admin.client.put(`/api/hooks/${id}`, aHook({ target_path }), { headers }));
      for (const apiId of apis) {
        const wrapper = await getApi(apiId);
        expect(wrapper['version']).toBe(2);
        expect(listOf(wrapper['hook_references'])[0]).toMatchObject({ hook: { id, target_path }, event_timeout: 60 });
        expect(eventsOf(wrapper)).toMatchObject({ QuotaExceeded: [{ handler_meta: { _id: id, target_path } }] });
        const revision = await organisation.admin.client.get(`/api/apis/${apiId}/revisions/2`);
        expect(revision.json).toMatchObject({ reason: 'moved', operation: 'update' });
      }
      expect((await getApi(untouched))['version']).toBe(1);
    });

    it('changes no API when nothing of the hook changed', async () => {
      const hook = aHook();
      const id = await createHook(hook);
      const apiId = await createApi([reference(id)]);
      expectOk(await organisation.admin.client.put(`/api/hooks/${id}`, hook));
      expect(await historyOf(apiId)).toEqual(['create']);
    });

    it('is for the API an update, also when the hook was rolled back', async () => {
      const id = await createHook();
      const apiId = await createApi([reference(id)]);
      expectOk(await organisation.admin.client.put(`/api/hooks/${id}`, aHook()));
      expectOk(await organisation.admin.client.post(`/api/hooks/${id}/rollback`, { revision: 1 }));
      expect(await historyOf(apiId)).toEqual(['update', 'update', 'create']);
    });

    it('reaches the nodes', async () => {
      const id = await createHook();
      const definition = anApiDefinition();
      const apiId = textOf((await getApi(await createApi([reference(id)], definition)))['api_definition']?.['api_id']);
      const { nodeSecret, redisUrl } = api.config;
      const node = new NodeSimulator({
        dashboardUrl: api.url,
        nodeSecret,
        redisUrl,
        gatewaySecret: 'not-asked-for',
        reloadTickMs: 20,
        healthCheckMs: 0,
      });
      try {
        await node.start();
        const target = (): string => JSON.stringify(node.loadedApis.get(apiId)?.['event_handlers']);
        expect(target()).toContain('hooks.example.org');
        const target_path = 'https://moved.example.org/node';
        expectOk(await organisation.admin.client.put(`/api/hooks/${id}`, aHook({ target_path })));
        await node.waitFor(() => target().includes(target_path));
      } finally {
        await node.stop();
      }
    });
  });

  describe('deleting a hook', () => {
    it('is refused while APIs refer to it, and says which', async () => {
      const id = await createHook();
      const definition = anApiDefinition();
      const apiId = await createApi([reference(id)], definition);
      const reply = await organisation.admin.client.delete(`/api/hooks/${id}`);
      expect([reply.status, reply.json['Code']]).toEqual([409, 'in_use']);
      const wrapper = await getApi(apiId);
      expect(reply.json['Errors']).toEqual([
        {
          path: `apis.${textOf(wrapper['api_definition']?.['api_id'])}.hook_references`,
          message: `API "${textOf(definition['name'])}" refers to the web hook`,
        },
      ]);
      expect(wrapper['version']).toBe(1);
      expect((await organisation.admin.client.get(`/api/hooks/${id}`)).status).toBe(200);
    });

    it('takes it out of those APIs with force=true, each with its own revision', async () => {
      const id = await createHook();
      const other = await createHook();
      const apiId = await createApi([reference(id), reference(other), reference(id, 'KeyExpired')]);
      expectOk(await organisation.admin.client.delete(`/api/hooks/${id}?force=true`));
      const wrapper = await getApi(apiId);
      expect(listOf(wrapper['hook_references']).map((entry) => entry['hook']?.['id'])).toEqual([other]);
      expect(eventsOf(wrapper)).toEqual({
        QuotaExceeded: [expect.objectContaining({ handler_name: expect.any(String) as string })],
      });
      expect(JSON.stringify(eventsOf(wrapper))).not.toContain(id);
      expect(await historyOf(apiId)).toEqual(['update', 'create']);
      expect((await organisation.admin.client.get(`/api/hooks/${id}`)).status).toBe(404);
    });

    it('goes through once no API refers to it any more', async () => {
      const id = await createHook();
      const apiId = await createApi([reference(id)]);
      expect((await organisation.admin.client.delete(`/api/hooks/${id}`)).status).toBe(409);
      expectOk(await organisation.admin.client.delete(`/api/apis/${apiId}`));
      expectOk(await organisation.admin.client.delete(`/api/hooks/${id}`));
    });
  });

  it('refuses a forced deletion whole when one of the APIs cannot be written', async () => {
    const slugs = { allow_duplicate_slugs: true };
    const lenient = await api.organisation({ ...slugs, allow_duplicate_listen_paths: true });
    const { client } = lenient.admin;
    const id = await createHook(aHook(), lenient);
    const definition = anApiDefinition();
    const [first, second] = [
      expectOk(await client.post('/api/apis', { api_definition: definition, hook_references: [reference(id)] })),
      expectOk(await client.post('/api/apis', { api_definition: definition, hook_references: [reference(id)] })),
    ].map(({ json }) => textOf(json['Meta']));
    expectOk(await api.admin.put(`/admin/organisations/${lenient.id}`, { owner_name: unique('org'), settings: slugs }));
    const reply = await client.delete(`/api/hooks/${id}?force=true`);
    expect([reply.status, reply.json['Code']]).toEqual([409, 'listen_path_conflict']);
    for (const apiId of [first, second]) {
      const json = withVersion(expectOk(await client.get(`/api/apis/${apiId ?? ''}`)));
      expect([json['version'], listOf(json['hook_references']).length]).toEqual([1, 1]);
    }
    expectOk(await client.get(`/api/hooks/${id}`));
  });
});
