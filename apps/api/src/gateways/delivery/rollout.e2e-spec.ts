import { toOrganisationId } from '@castellan/persistence';
import { GenerationNumbers, NodeRecords } from '@castellan/delivery';
import { anApiDefinition, aPolicy, textOf, type HttpClient } from '@castellan/testing';
import { RawNode } from '../../../../../test/support/raw-node';
import { freshDatabaseUri } from '../../../../../test/support/test-services';
import { ApiUnderTest, expectOk } from '../../../test/api-under-test';
import { CommandCounter } from '../../../test/command-counter';
import { NodeStateService } from '../nodes/node-state.service';
import { assembled } from './assembled';
import type { Generation } from './generation';
import { PastGenerations } from './past-generations';
import { allAtOnce, Rollout, ROLLOUT_STRATEGY, type RolloutStrategy } from './rollout';

describe('the assignment of generations to nodes', () => {
  let api: ApiUnderTest;
  let client: HttpClient;
  let nodes: readonly RawNode[];

  beforeAll(async () => {
    api = await ApiUnderTest.start({
      MONGODB_URI: freshDatabaseUri({ monitorCommands: 'true' }),
      RECONCILE_MS: '3600000',
    });
    client = (await api.organisation()).admin.client;
    nodes = await Promise.all(Array.from({ length: 4 }, () => RawNode.register(api.url, api.config.nodeSecret)));
  });
  afterAll(() => api.stop());

  const load = async (node: RawNode): Promise<{ readonly apis: string; readonly policies: string }> => {
    // In the order of gateways.
    const policies = await node.get('/system/policies');
    const apis = await node.get('/system/apis');
    expect([policies.status, apis.status]).toEqual([200, 200]);
    return { apis: JSON.stringify(apis.message), policies: JSON.stringify(policies.message) };
  };
  const statesOf = async (): Promise<Readonly<Record<string, string>>> => {
    const { nodes: known } = await api.app.get(NodeStateService).fleet();
    return Object.fromEntries(known.map(({ id, state }) => [id, state]));
  };
  /** Everything as it was that many changes ago, from revisions alone. */
  const rebuilt = async (changes: number): Promise<Generation> => {
    const parts = [...(await api.app.get(GenerationNumbers).all())].map(async ([id, newest]) => {
      const state = await api.app.get(PastGenerations).rebuild(toOrganisationId(id), newest - changes);
      if (state === null) throw new Error(`The generation of ${id} cannot be rebuilt`);
      return [id, state] as const;
    });
    return assembled(new Map(await Promise.all(parts)), null);
  };

  it('lets a strategy serve half of the nodes the generation before, byte for byte, and each is in sync with its own', async () => {
    const definition = anApiDefinition({ name: 'the name before' });
    const id = textOf(expectOk(await client.post('/api/apis', { api_definition: definition })).json['ID']);
    expectOk(await client.post('/api/portal/policies', aPolicy([id])));
    const [first] = nodes;
    if (first === undefined) throw new Error('No node');
    const before = await load(first);
    expectOk(
      await client.put(`/api/apis/${id}`, { api_definition: { ...definition, api_id: id, name: 'the name now' } }),
    );
    const previous = await rebuilt(1);

    const late = nodes.slice(0, 2);
    const isLate = (nodeId: string): boolean => late.some((node) => node.id === nodeId);
    const half: RolloutStrategy = {
      assign: (newest) => ({ newest, holdsBack: true, of: (nodeId) => (isLate(nodeId) ? previous : newest) }),
    };
    const strategy = jest
      .spyOn(api.app.get<RolloutStrategy>(ROLLOUT_STRATEGY), 'assign')
      .mockImplementation(half.assign);
    const served = await Promise.all(nodes.map(load));
    expect(served.slice(0, 2)).toEqual([before, before]);
    for (const { apis, policies } of served.slice(2)) {
      expect(apis).toContain('the name now');
      expect(apis).not.toContain('the name before');
      expect(policies).toBe(before.policies);
    }
    const all = (state: string, of: readonly RawNode[]) => Object.fromEntries(of.map((node) => [node.id, state]));
    expect(await statesOf()).toEqual(all('in_sync', nodes));
    // Host managers read of each which one it is assigned.
    const assigned = async () => {
      const records = await api.app.get(NodeRecords).all();
      return Object.fromEntries(records.map((record) => [record.id, record.assigned]));
    };
    const noted = (generation: string | null, of: readonly RawNode[]) =>
      Object.fromEntries(of.map((node) => [node.id, generation]));
    expect(await assigned()).toEqual({ ...noted(previous.name, late), ...noted(null, nodes.slice(2)) });

    // The strategy goes on to all: the late half is behind, and only that.
    strategy.mockRestore();
    expect(await statesOf()).toEqual({ ...all('behind', late), ...all('in_sync', nodes.slice(2)) });
    expect(await assigned()).toEqual(noted(null, nodes));
    for (const node of late) expect((await load(node)).apis).toContain('the name now');
    expect(await statesOf()).toEqual(all('in_sync', nodes));
  });

  it('costs nothing under the strategy that stands: the newest itself, and one look at the generations', async () => {
    const assignment = await api.app.get(Rollout).current();
    expect(allAtOnce.assign(assignment.newest).of('whoever')).toBe(assignment.newest);
    const counter = CommandCounter.on(api);
    const headers = { 'x-tyk-nodeid': nodes[0]?.id ?? '' };
    const { commands } = await counter.costOf(() => api.node.get('/system/apis', { headers }));
    counter.stop();
    expect(commands.filter((command) => !command.startsWith('redis'))).toEqual(['1: find generations']);
  });
});
