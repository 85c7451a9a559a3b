import {
  Generations,
  RevisionRetention,
  toObjectId,
  toOrganisationId,
  type OrganisationId,
} from '@castellan/persistence';
import { anApiDefinition, aPolicy, textOf, type HttpClient } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../../test/api-under-test';
import { addHook } from '../../../test/configuration';
import { NodeDocuments, type OrganisationState } from './node-documents';
import { PastGenerations } from './past-generations';

describe('a generation of the past', () => {
  let api: ApiUnderTest;
  let past: PastGenerations;
  let organisation: OrganisationId;
  let client: HttpClient;
  let owner: string;
  let hook: string;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ RECONCILE_MS: '3600000' });
    past = api.app.get(PastGenerations);
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    const made = await api.organisation();
    owner = made.admin.id;
    organisation = toOrganisationId(made.id);
    client = made.admin.client;
    hook = await addHook(made);
  });

  const create = async (around: object = {}): Promise<string> => {
    const body = { api_definition: anApiDefinition(), ...around };
    return textOf(expectOk(await client.post('/api/apis', body)).json['ID']);
  };

  const put = async (id: string, changes: Record<string, unknown>, around: Record<string, unknown> = {}) =>
    expectOk(
      await client.put(`/api/apis/${id}`, { api_definition: anApiDefinition({ api_id: id, ...changes }), ...around }),
    );

  const served = (): Promise<OrganisationState> => api.app.get(NodeDocuments).of(organisation);

  it('is made again from revisions exactly as nodes were served it', async () => {
    const first = await create({ sort_by: 1, hook_references: [{ event_name: 'QuotaExceeded', hook: { id: hook } }] });
    const second = await create({ sort_by: 2 });
    const policy = textOf(expectOk(await client.post('/api/portal/policies', aPolicy([first]))).json['Message']);
    const document = expectOk(await client.get('/api/export')).json;
    const steps: readonly (() => Promise<unknown>)[] = [
      () => put(first, { name: 'renamed' }),
      () => put(first, { name: 'first now' }, { sort_by: 9 }),
      // Nobody is served another byte by these two.
      () => create({ api_definition: anApiDefinition({ active: false }) }),
      async () => expectOk(await client.put(`/api/apis/${second}/access`, { userIds: [owner], userGroupIds: [] })),
      () => put(second, { active: false }),
      () => put(second, { active: true }),
      () => client.put(`/api/portal/policies/${policy}`, aPolicy([first], { state: 'deny' })),
      async () => expectOk(await client.delete(`/api/apis/${second}`)),
      async () => expectOk(await client.post(`/api/apis/${second}/restore`)),
      async () => expectOk(await client.post(`/api/apis/${first}/rollback`, { revision: 1 })),
      async () => expectOk(await client.post('/api/import?prune=true', document)),
    ];
    const seen = new Map<number, OrganisationState>();
    for (const step of [() => Promise.resolve(), ...steps]) {
      await step();
      const state = await served();
      expect(seen.get(state.generation) ?? state).toEqual(state);
      seen.set(state.generation, state);
    }
    expect(seen.size).toBeGreaterThanOrEqual(8);
    for (const [generation, state] of seen) expect(await past.rebuild(organisation, generation)).toEqual(state);
    expect(await past.rebuild(organisation, 0)).toEqual({ generation: 0, apis: [], policies: [] });
  });

  it('is not made up: neither one to come, nor one whose revisions are gone', async () => {
    const id = await create();
    const row = textOf(expectOk(await client.get(`/api/apis/${id}`)).json['api_definition']?.['id']);
    const { generation } = await served();
    await put(id, { name: 'second' });
    const newest = await served();
    expect(await past.rebuild(organisation, newest.generation + 1)).toBeNull();
    expect((await api.app.get(Generations).of(organisation)).generation).toBe(generation + 1);
    const resource = { orgId: toObjectId(organisation), kind: 'api', resourceId: toObjectId(row) };
    expect(await api.app.get(RevisionRetention).prune(resource, { newest: 1, since: null })).toBe(1);
    expect(await past.rebuild(organisation, generation)).toBeNull();
    expect(await past.rebuild(organisation, newest.generation)).toEqual(newest);
  });
});
