import { getModelToken } from '@nestjs/mongoose';
import type { Model } from 'mongoose';
import { modelNames, toObjectId, type OutboxRow } from '@castellan/persistence';
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

const objectId = /^[0-9a-f]{24}$/;

/**
 * What both programs demand of a reply, beyond the status (docs/tyk/clients.md#tyk-sync,
 * docs/tyk/clients.md#tyk-operator).
 */
const accepted = (reply: Reply): JsonReply => {
  if (reply.status !== 200) throw new Error(`The program would stop: ${reply.status} ${reply.text}`);
  expect(reply.headers.get('content-type')).toMatch(/^application\/json/);
  return reply.json;
};

/** A reply to a write as tyk-sync decodes it: `Meta` into a Go string, so that an object would be an error. */
const acknowledged = (reply: Reply): JsonReply => {
  const json = accepted(reply);
  expect(json['Status']).toBe('OK');
  const meta: unknown = json['Meta'];
  expect(meta === null || typeof meta === 'string').toBe(true);
  return json;
};

/** The calls of tyk-sync (docs/tyk/clients.md#tyk-sync): version 1.1.0, and the last open one, which knows OAS APIs. */
class TykSync {
  constructor(
    private readonly client: HttpClient,
    private readonly isLast: boolean,
  ) {}

  private read(path: string): Promise<Reply> {
    return this.client.get(path, { headers: { 'user-agent': 'GRequests/0.10' } });
  }

  private write(method: string, path: string, body: object): Promise<Reply> {
    const headers = { 'user-agent': 'GRequests/0.10', 'content-type': 'application/json' };
    const query = this.isLast && path.startsWith('/api/apis') ? '?accept_additional_properties=true' : '';
    return this.client.call(method, `${path}${query}`, { headers, body });
  }

  async apis(): Promise<readonly JsonReply[]> {
    return listOf(accepted(await this.read('/api/apis?p=-2'))['apis']);
  }

  async policies(): Promise<readonly JsonReply[]> {
    return listOf(accepted(await this.read('/api/portal/policies?p=-2'))['Data']);
  }

  async dump(): Promise<{ apis: readonly JsonReply[]; policies: readonly JsonReply[] }> {
    const policies = [];
    for (const { _id: id } of await this.policies()) {
      policies.push(accepted(await this.read(`/api/portal/policies/${textOf(id)}`)));
    }
    return { policies, apis: await this.apis() };
  }

  /** Makes the dashboard hold exactly this. */
  async sync(apis: readonly JsonReply[], policies: readonly JsonReply[]): Promise<void> {
    if (this.isLast) await this.syncPolicies(policies);
    await this.syncApis(apis);
    if (!this.isLast) await this.syncPolicies(policies);
  }

  private async syncApis(wanted: readonly JsonReply[]): Promise<void> {
    const there = new Map((await this.apis()).map((wrapper) => [apiIdOf(wrapper), wrapper]));
    const names = new Set(wanted.map(apiIdOf));
    for (const [apiId, wrapper] of there) {
      if (names.has(apiId)) continue;
      acknowledged(await this.client.delete(`/api/apis/${textOf(wrapper['api_definition']?.['id'])}`));
    }
    const existing = wanted.filter((wrapper) => there.has(apiIdOf(wrapper)));
    const missing = wanted.filter((wrapper) => !there.has(apiIdOf(wrapper)));
    await this.updateApis(existing);
    await this.apis();
    for (const wrapper of missing) await this.createApi(wrapper);
    await this.updateApis(missing);
  }

  private async createApi(wrapper: JsonReply): Promise<void> {
    const path = isOas(wrapper) ? '/api/apis/oas' : '/api/apis';
    const json = acknowledged(await this.write('POST', path, this.bodyOf(wrapper)));
    expect(json['Meta']).toMatch(objectId);
    if (isOas(wrapper)) await this.writeCategories(wrapper);
  }

  private async updateApis(wrappers: readonly JsonReply[]): Promise<void> {
    const there = new Map((await this.apis()).map((wrapper) => [apiIdOf(wrapper), wrapper]));
    for (const wrapper of wrappers) {
      const id = textOf(there.get(apiIdOf(wrapper))?.['api_definition']?.['id']);
      const path = isOas(wrapper) ? `/api/apis/oas/${id}` : `/api/apis/${id}`;
      acknowledged(await this.write('PUT', path, this.bodyOf(wrapper)));
      if (isOas(wrapper)) await this.writeCategories(wrapper);
    }
  }

  private bodyOf(wrapper: JsonReply): object {
    if (isOas(wrapper)) return wrapper['oas'] ?? {};
    return { api_definition: wrapper['api_definition'], hook_references: [] };
  }

  /** A nil slice of Go is null in JSON. */
  private async writeCategories(wrapper: JsonReply): Promise<void> {
    const body = { categories: wrapper['categories'] ?? null };
    accepted(await this.write('PUT', `/api/apis/oas/${apiIdOf(wrapper)}/categories`, body));
  }

  private async syncPolicies(wanted: readonly JsonReply[]): Promise<void> {
    await this.policies();
    const there = new Map((await this.policies()).map((policy) => [policyIdOf(policy), policy]));
    for (const policy of wanted) {
      const found = there.get(policyIdOf(policy));
      const body = { ...policy, id: policyIdOf(policy) };
      const reply =
        found === undefined
          ? acknowledged(await this.write('POST', '/api/portal/policies', body))
          : acknowledged(await this.write('PUT', `/api/portal/policies/${textOf(found['_id'])}`, body));
      if (found === undefined) expect(reply['Message']).toMatch(objectId);
    }
  }
}

const isOas = (wrapper: JsonReply): boolean => Boolean(wrapper['api_definition']?.['is_oas']);
const apiIdOf = (wrapper: JsonReply): string => textOf(wrapper['api_definition']?.['api_id']);
const policyIdOf = (policy: JsonReply): string => {
  const id: unknown = policy['id'];
  return typeof id === 'string' && id !== '' ? id : textOf(policy['_id']);
};

const anOasApi = (): object => {
  const name = unique('oas');
  return {
    openapi: '3.0.3',
    info: { title: name, version: '1.0.0' },
    paths: { '/pets': { get: { operationId: 'listPets', responses: { '200': { description: 'All pets' } } } } },
    'x-tyk-api-gateway': {
      info: { name, state: { active: true } },
      upstream: { url: 'http://127.0.0.1:1/' },
      server: { listenPath: { value: `/${name}/`, strip: true } },
    },
  };
};

describe('programs of Tyk', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
  });
  afterAll(() => api.stop());

  const outboxEntries = (organisation: TestOrganisation): Promise<number> =>
    api.app
      .get<Model<OutboxRow>>(getModelToken(modelNames.outbox))
      .countDocuments({ orgId: toObjectId(organisation.id) })
      .exec();

  /** Everything that a write would leave: versions, revisions and messages to the nodes. */
  const traces = async (organisation: TestOrganisation, ids: readonly string[]): Promise<unknown> => {
    const { client } = organisation.admin;
    const apis = [];
    for (const id of ids) {
      const { json, headers } = await client.get(`/api/apis/${id}`);
      const history = await client.get(`/api/apis/${id}/revisions?p=-1`);
      apis.push([headers.get('etag'), json['updated_at'], listOf(history.json['revisions']).length]);
    }
    return { apis, messages: await outboxEntries(organisation) };
  };

  describe.each([
    ['1.1.0', false],
    ['of the last open line', true],
  ])('tyk-sync %s', (_, isLast) => {
    const settings = { allow_duplicate_slugs: true, allow_unknown_apis_in_policies: true };

    const filled = async (): Promise<TestOrganisation> => {
      const organisation = await api.organisation(settings);
      const { client } = organisation.admin;
      const first = acknowledged(await client.post('/api/apis', { api_definition: anApiDefinition() }));
      acknowledged(await client.post('/api/apis', { api_definition: anApiDefinition({ active: false }) }));
      acknowledged(await client.post('/api/portal/policies', aPolicy([textOf(first['ID'])], { id: unique('policy') })));
      if (isLast) {
        const made = acknowledged(await client.post('/api/apis/oas', anOasApi()));
        const categories = { categories: ['share prices'] };
        accepted(await client.put(`/api/apis/oas/${textOf(made['ID'])}/categories`, categories));
      }
      return organisation;
    };
    const wanted = <T extends JsonReply>(dumped: { apis: readonly T[] }): readonly T[] =>
      dumped.apis.map((wrapper) => ({ ...wrapper }));
    const idsIn = (dumped: { apis: readonly JsonReply[] }): string[] => dumped.apis.map(apiIdOf);
    /** The definitions without what belongs to the database they are in. */
    const portable = ({ apis }: { apis: readonly JsonReply[] }): unknown[] =>
      [...apis]
        .sort((a, b) => (apiIdOf(a) < apiIdOf(b) ? -1 : 1))
        .map((wrapper) => {
          const definition: Record<string, unknown> = { ...wrapper['api_definition'], id: '', org_id: '' };
          return { definition, categories: wrapper['categories'] ?? null, paths: wrapper['oas']?.['paths'] ?? null };
        });

    it('carries everything to an empty installation, ids included', async () => {
      const source = await filled();
      const target = await api.organisation(settings);
      const dumped = await new TykSync(source.admin.client, isLast).dump();
      // One installation knows each id once, so the source makes room.
      for (const policy of dumped.policies) {
        acknowledged(await source.admin.client.delete(`/api/portal/policies/${textOf(policy['_id'])}`));
      }
      for (const apiId of idsIn(dumped)) acknowledged(await source.admin.client.delete(`/api/apis/${apiId}`));
      const sync = new TykSync(target.admin.client, isLast);
      await sync.sync(wanted(dumped), dumped.policies);
      const arrived = await sync.dump();
      expect(portable(arrived)).toEqual(portable(dumped));
      expect(arrived.policies.map(policyIdOf)).toEqual(dumped.policies.map(policyIdOf));
    });

    it('sent again, changes nothing: no version, no revision, no message', async () => {
      const organisation = await filled();
      const sync = new TykSync(organisation.admin.client, isLast);
      const dumped = await sync.dump();
      const before = await traces(organisation, idsIn(dumped));
      await sync.sync(wanted(dumped), dumped.policies);
      expect(await traces(organisation, idsIn(dumped))).toEqual(before);
    });

    it('with nothing in its specification, deletes every API', async () => {
      const organisation = await filled();
      const sync = new TykSync(organisation.admin.client, isLast);
      await sync.sync([], (await sync.dump()).policies);
      expect(await sync.apis()).toEqual([]);
    });
  });

  it('tyk-sync’s own tests: a deleted OAS API is answered as they expect', async () => {
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    const { ID: id } = acknowledged(await client.post('/api/apis/oas', anOasApi()));
    const path = `/api/apis/oas/${textOf(id)}`;
    expect(acknowledged(await client.delete(path))['Status']).toBe('OK');
    const gone = await client.get(path);
    expect(gone.status).toBe(400);
    expect(gone.text).toMatch(/^{"Status":"Error","Message":"Could not retrieve Api detail"/);
  });

  describe('tyk-operator', () => {
    const headersOf = { 'content-type': 'application/json' };

    it('creates, finds, updates, lists and deletes an API by its own id', async () => {
      const organisation = await api.organisation();
      const client = organisation.admin.client.with(headersOf);
      const apiId = Buffer.from(unique('default/httpbin')).toString('base64url');
      const definition = anApiDefinition({ api_id: apiId });
      const group = { name: 'Operators', user_permissions: { apis: 'write' } };
      const groupId = textOf(expectOk(await client.post('/api/usergroups', group)).json['Meta']);
      const owners = { user_owners: [organisation.admin.id], user_group_owners: [groupId] };

      expect((await client.get(`/api/apis/${apiId}`)).status).toBe(404);
      const created = await client.post('/api/apis', { api_definition: definition, ...owners });
      expect(created.status).toBe(200);
      expect(created.json).toMatchObject({ Status: 'OK', Message: 'API created' });
      const id = textOf(created.json['Meta']);
      expect(id).toMatch(objectId);

      const found = await client.get(`/api/apis/${id}`);
      expect(found.status).toBe(200);
      // It decodes the definition, sets the id, and sends that alone.
      const sent = { api_definition: { ...found.json['api_definition'], api_id: apiId } };
      const before = await traces(organisation, [id]);
      const updated = await client.put(`/api/apis/${id}`, sent);
      expect(updated.text).toBe('{"Status":"OK","Message":"Api updated","Meta":null}');
      expect(await traces(organisation, [id])).toEqual(before);
      expect((await client.get(`/api/apis/${id}`)).json).toMatchObject(owners);

      const renamed = { api_definition: { ...definition, name: 'Renamed' }, ...owners };
      expect((await client.put(`/api/apis/${apiId}`, renamed)).status).toBe(200);
      const listed = await client.get('/api/apis?p=-2');
      expect([
        listed.status,
        listOf(listed.json['apis']).map((wrapper) => wrapper['api_definition']?.['name']),
      ]).toEqual([200, ['Renamed']]);
      const deleted = await client.delete(`/api/apis/${apiId}`);
      expect(deleted.text).toBe('{"Status":"OK","Message":"API deleted","Meta":null}');
      expect((await client.get(`/api/apis/${apiId}`)).status).toBe(404);
    });

    it('reads an unknown path as the recorded 404', async () => {
      const { admin } = await api.organisation();
      const reply = await admin.client.get('/api/no/such/path');
      expect(reply.status).toBe(404);
      expect(reply.text).toMatch(/^{"Status":"Error","Message":"404","Meta":null/);
    });
  });
});
