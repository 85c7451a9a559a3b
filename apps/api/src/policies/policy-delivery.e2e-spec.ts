import { Outbox } from '@castellan/persistence';
import {
  anApiDefinition,
  aPolicy,
  eventually,
  NodeSimulator,
  textOf,
  unique,
  type JsonReply,
} from '@castellan/testing';
import { fixtures as documents } from '../../../../test/fixtures/load';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

const path = '/api/portal/policies';

type Policy = Readonly<Record<string, unknown>>;
type Right = Readonly<{ versions?: readonly string[] }>;

/** A policy with every part that dashboards write. */
const ownFixture = (apiId: string): Policy => ({
  _id: '64a1f0c2e7b3d90001c5aa10',
  id: 'premium',
  name: 'Premium',
  rate: 50,
  per: 0.5,
  quota_max: 10_000,
  quota_renewal_rate: 3600,
  throttle_interval: 2,
  throttle_retry_limit: 3,
  max_query_depth: 5,
  hmac_enabled: false,
  active: true,
  is_inactive: false,
  key_expires_in: 2_592_000,
  tags: ['edge'],
  meta_data: { 'team.name': 'payments', $tier: 1 },
  partitions: { quota: true, rate_limit: true, complexity: false, acl: true, per_api: false },
  smoothing: { enabled: true, threshold: 10, trigger: 0.8, step: 5, delay: 30 },
  date_created: '2023-07-02T10:11:12.5Z',
  last_updated: '1688292672',
  state: 'active',
  access_rights_array: [],
  access_rights: {
    [apiId]: {
      api_id: apiId,
      api_name: 'Payments',
      versions: ['v1', 'v2'],
      allowed_urls: [{ url: '/charges/.*', methods: ['GET', 'POST'] }],
      limit: { rate: 5, per: 1, quota_max: 100, quota_renewal_rate: 60 },
      endpoints: [{ path: '/charges', methods: [{ name: 'POST', limit: { rate: 1, per: 1 } }] }],
      field_access_rights: [],
      allowance_scope: 'payments',
      disable_introspection: true,
    },
  },
});

const rightsOf = (policy: Policy): Readonly<Record<string, Right>> =>
  (policy['access_rights'] ?? {}) as Readonly<Record<string, Right>>;

const fixtures = [ownFixture(unique('payments')), ...documents('policies').map(({ document }) => document)].map(
  (policy) => [textOf(policy['name']), policy],
);

describe('policies on their way to nodes', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  const nodes: NodeSimulator[] = [];

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await api.stop();
  });

  const aNode = async (profile: 'v3' | 'v5'): Promise<NodeSimulator> => {
    const { nodeSecret, redisUrl } = api.config;
    const node = new NodeSimulator({
      dashboardUrl: api.url,
      nodeSecret,
      redisUrl,
      profile,
      gatewaySecret: 'not-asked-for',
      reloadTickMs: 20,
      healthCheckMs: 0,
    });
    nodes.push(node);
    await node.start();
    return node;
  };

  const make = async (policy: Policy): Promise<string> => {
    for (const [apiId, { versions = [] }] of Object.entries(rightsOf(policy))) {
      const known = await organisation.admin.client.get(`/api/apis/${apiId}`);
      if (known.status === 200) continue;
      const version_data = {
        not_versioned: false,
        versions: Object.fromEntries(versions.map((name) => [name, { name }])),
      };
      const definition = anApiDefinition({ api_id: apiId, version_data });
      expectOk(await organisation.admin.client.post('/api/apis', { api_definition: definition }));
    }
    return textOf(expectOk(await organisation.admin.client.post(path, policy)).json['Message']);
  };

  /** Access rights as nodes get them: the API under the names of old and of new gateways. */
  const forNodes = (policy: Policy): Policy => ({
    ...policy,
    access_rights: Object.fromEntries(
      Object.entries(rightsOf(policy)).map(([apiId, right]) => {
        const { api_name } = right as { api_name?: string };
        return [apiId, { ...right, apiid: apiId, apiname: api_name }];
      }),
    ),
  });

  it.each(fixtures as [string, Policy][])(
    'gives %s back field for field, and nodes of both kinds all of it',
    async (_, policy) => {
      const id = await make(policy);
      expect(id).toBe(policy['_id']);
      const stored = { ...policy, org_id: organisation.id };
      const { json } = expectOk(await organisation.admin.client.get(`${path}/${id}`));
      expect(json).toEqual(stored);
      const nodeId = policy['id'] === '' ? id : textOf(policy['id']);
      for (const profile of ['v3', 'v5'] as const) {
        const node = await aNode(profile);
        expect(node.loadedPolicies.get(nodeId)).toEqual(forNodes(stored));
      }
    },
  );

  it('reaches a running node with each change, and leaves it with a deactivation', async () => {
    const node = await aNode('v5');
    const id = await make(aPolicy([], { rate: 1 }));
    await node.waitFor(() => node.loadedPolicies.get(id)?.['rate'] === 1);
    expectOk(await organisation.admin.client.put(`${path}/${id}`, aPolicy([], { rate: 2 })));
    await node.waitFor(() => node.loadedPolicies.get(id)?.['rate'] === 2);
    expectOk(await organisation.admin.client.put(`${path}/${id}`, aPolicy([], { active: false })));
    await node.waitFor(() => !node.loadedPolicies.has(id));
  });

  it('reloads no node for a write that changes nothing', async () => {
    const policy = aPolicy();
    const id = await make(policy);
    // What it was made with is told before there is anybody to hear it.
    await eventually(async () => (await api.app.get(Outbox).oldestPending()) === null);
    const node = await aNode('v5');
    await node.waitFor(() => node.loadedPolicies.has(id));
    expectOk(await organisation.admin.client.put(`${path}/${id}`, policy));
    // The next change is heard; had the write before it been one, it would have been heard first.
    const next = await make(aPolicy());
    await node.waitFor(() => node.loadedPolicies.has(next));
    expect(node.eventsOf('signal-accepted').map(({ command }) => command)).toEqual(['PolicyChanged']);
  });

  it('leaves nothing of a deleted policy', async () => {
    const id = await make(aPolicy());
    const node = await aNode('v5');
    expect(node.loadedPolicies.has(id)).toBe(true);
    expectOk(await organisation.admin.client.delete(`${path}/${id}`));
    await node.waitFor(() => !node.loadedPolicies.has(id));
  });

  it('tells a node nothing that replies add', async () => {
    const id = await make(aPolicy());
    const node = await aNode('v5');
    const served: JsonReply | undefined = JSON.parse(JSON.stringify(node.loadedPolicies.get(id) ?? {})) as JsonReply;
    expect(Object.keys(served)).not.toContain('version');
  });
});
