import {
  ApiStore,
  ConsistentReads,
  Generations,
  ImportStore,
  PolicyStore,
  toObjectId,
  toOrganisationId,
  workAtOnce,
} from '@castellan/persistence';
import { anApiDefinition, textOf } from '@castellan/testing';
import { RawNode } from '../../../../../test/support/raw-node';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { NodeDocuments } from './node-documents';
import { GenerationService } from './generation.service';

const apiIdsIn = (text: string, ids: readonly string[]): number =>
  ids.filter((id) => text.includes(`"api_id":"${id}"`)).length;

describe('GenerationService', () => {
  let api: ApiUnderTest;
  let generations: GenerationService;

  beforeAll(async () => {
    // No look at the nodes but those that the tests make.
    api = await ApiUnderTest.start({ RECONCILE_MS: '3600000' });
    generations = api.app.get(GenerationService);
  });
  afterAll(() => api.stop());

  const create = async ({ admin }: TestOrganisation, sortBy = 0): Promise<string> => {
    const body = { api_definition: anApiDefinition(), sort_by: sortBy };
    return textOf(expectOk(await admin.client.post('/api/apis', body)).json['ID']);
  };

  const freshDocuments = (): NodeDocuments => {
    const { app } = api;
    const [apis, policies] = [app.get(ApiStore), app.get(PolicyStore)];
    return new NodeDocuments(
      apis,
      policies,
      app.get(Generations),
      app.get(ImportStore),
      app.get(ConsistentReads),
      workAtOnce,
    );
  };

  it('is built once for a hundred nodes that ask at the same time after a change', async () => {
    const organisation = await api.organisation();
    const nodes = await Promise.all(
      Array.from({ length: 100 }, () => RawNode.register(api.url, api.config.nodeSecret)),
    );
    await generations.current();
    const before = generations.builds;
    const apiId = await create(organisation);
    const replies = await Promise.all(nodes.map((node) => node.get('/system/apis')));
    for (const { status, text } of replies) {
      expect(status).toBe(200);
      expect(text).toContain(apiId);
    }
    expect(generations.builds).toBe(before + 1);
  });

  it('is not built again while nothing changes', async () => {
    await generations.current();
    const before = generations.builds;
    const [one, ...others] = await Promise.all(Array.from({ length: 50 }, () => generations.current()));
    for (const other of others) expect(other).toBe(one);
    expect(generations.builds).toBe(before);
  });

  it('reads only the organisation that has changed', async () => {
    const organisations = [await api.organisation(), await api.organisation(), await api.organisation()];
    for (const organisation of organisations) await create(organisation);
    await generations.current();

    const read = jest.spyOn(api.app.get(NodeDocuments), 'of');
    try {
      const [, changed] = organisations;
      if (changed === undefined) throw new Error('No organisation');
      const apiId = await create(changed);
      const { apis } = await generations.current();
      expect(apis.plain.toString()).toContain(apiId);
      expect(read.mock.calls.map(([organisation]) => organisation)).toEqual([changed.id]);
    } finally {
      read.mockRestore();
    }
  });

  it('is, after any change, what a replica that starts now would serve', async () => {
    const organisation = await api.organisation();
    const { client } = organisation.admin;
    const [first, second, third] = [
      await create(organisation, 1),
      await create(organisation, 2),
      await create(organisation),
    ];
    const put = (id: string, changes: Record<string, unknown>, around: Record<string, unknown> = {}) =>
      client.put(`/api/apis/${id}`, { api_definition: anApiDefinition({ api_id: id, ...changes }), ...around });
    const steps = [
      () => put(first, { name: 'Renamed' }),
      () => put(first, { name: 'Renamed' }, { sort_by: 7 }),
      () => put(second, { active: false }),
      () => put(second, { active: true }),
      () => client.delete(`/api/apis/${third}`),
    ];
    for (const step of steps) {
      await generations.current();
      expectOk(await step());
      const { apis } = await generations.current();
      const fresh = await freshDocuments().of(toOrganisationId(toObjectId(organisation.id)));
      expect(apis.plain.toString()).toContain(fresh.apis.join());
      expect(fresh.apis).toHaveLength(apiIdsIn(apis.plain.toString(), [first, second, third]));
    }
  });

  it('reads no definition again that has not changed', async () => {
    const organisation = await api.organisation();
    for (let count = 0; count < 5; count += 1) await create(organisation);
    await generations.current();
    const read = jest.spyOn(api.app.get(ApiStore), 'byIds');
    try {
      await create(organisation);
      await generations.current();
      expect(read.mock.calls.map(([, ids]) => ids.length)).toEqual([1]);
    } finally {
      read.mockRestore();
    }
  });

  it('is of a moment after it was asked for, however many ask', async () => {
    const organisation = await api.organisation();
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const apiId = await create(organisation);
        const { apis } = await generations.current();
        expect(apis.plain.toString()).toContain(apiId);
      }),
    );
  });

  it('holds what every organisation has, the highest sort_by first, and keeps the order', async () => {
    const organisation = await api.organisation();
    const low = await create(organisation, 1);
    const high = await create(organisation, 9);
    const middle = await create(organisation, 5);
    const idsIn = (text: string): string[] =>
      [...text.matchAll(/"api_id":"([^"]+)"/g)]
        .map(([, id]) => id ?? '')
        .filter((id) => [low, high, middle].includes(id));
    const first = await generations.current();
    expect(idsIn(first.apis.plain.toString())).toEqual([high, middle, low]);
    const replica = await ApiUnderTest.start({
      DATABASE: new URL(api.config.mongodbUri).pathname.slice(1),
      ADMIN_SECRET: api.config.adminSecret,
      NODE_SECRET: api.config.nodeSecret,
    });
    try {
      const other = await replica.app.get(GenerationService).current();
      expect([other.apis.hash, other.policies.hash]).toEqual([first.apis.hash, first.policies.hash]);
    } finally {
      await replica.stop();
    }
  });

  it('forgets what is gone', async () => {
    const organisation = await api.organisation();
    const apiId = await create(organisation);
    expect((await generations.current()).apis.plain.toString()).toContain(apiId);
    expectOk(await api.remove(organisation.id));
    expect((await generations.current()).apis.plain.toString()).not.toContain(apiId);
  });
});
