import { Redis } from 'ioredis';
import { redisKey } from '@castellan/delivery';
import {
  anApiDefinition,
  eventually,
  listOf,
  textOf,
  unique,
  type HttpClient,
  type JsonReply,
} from '@castellan/testing';
import { RawNode } from '../../../../../test/support/raw-node';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { addApi } from '../../../test/configuration';

describe('the nodes of an organisation', () => {
  let api: ApiUnderTest;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ RECONCILE_MS: '200' });
  });
  afterAll(() => api.stop());

  const aNode = (): Promise<RawNode> => RawNode.register(api.url, api.config.nodeSecret, unique('gateway'));
  const load = async (node: RawNode): Promise<void> => {
    await node.get('/system/policies');
    await node.get('/system/apis');
  };
  const listed = async (client: HttpClient, path = '/api/system/nodes'): Promise<JsonReply> =>
    expectOk(await client.get(path)).json['data'] ?? {};
  const seenBy = async ({ admin }: TestOrganisation, { id }: RawNode): Promise<JsonReply | undefined> =>
    listOf((await listed(admin.client))['nodes']).find((node) => textOf(node['id']) === id);

  it('are those that are to run one of its APIs, and no others', async () => {
    const node = await aNode();
    const [having, inactive, without] = [await api.organisation(), await api.organisation(), await api.organisation()];
    await addApi(having);
    await addApi(inactive, { ...anApiDefinition(), active: false });
    expect(await seenBy(having, node)).toMatchObject({ state: 'behind', hostname: '', address: '' });
    expect(await seenBy(inactive, node)).toBeUndefined();
    expect(await listed(without.admin.client)).toMatchObject({ nodes: [], active_node_count: 0 });
    const all = listOf((await listed(api.admin, '/admin/system/nodes'))['nodes']);
    expect(all.find(({ id }) => textOf(id) === node.id)).toMatchObject({ address: '127.0.0.1' });
  });

  it('are also those that still run one that is gone, until they have loaded again', async () => {
    const [node, organisation] = [await aNode(), await api.organisation()];
    const id = await addApi(organisation);
    await load(node);
    await eventually(async () => textOf((await seenBy(organisation, node))?.['state']) === 'in_sync');
    expectOk(await organisation.admin.client.delete(`/api/apis/${id}`));
    expect(await seenBy(organisation, node)).toMatchObject({ state: 'behind' });
    await load(node);
    await eventually(async () => (await seenBy(organisation, node)) === undefined);
  });

  it('are known for as long as they are there', async () => {
    const [node, organisation] = [await aNode(), await api.organisation()];
    await addApi(organisation);
    await load(node);
    const { served } = await eventually(async () => {
      const found = await seenBy(organisation, node);
      return textOf(found?.['state']) === 'in_sync' ? found : undefined;
    });
    const redis = new Redis(api.config.redisUrl);
    const key = redisKey('list', textOf(served?.['apis']), 'organisations');
    const short = 60;
    expect(await redis.expire(key, short)).toBe(1);
    await eventually(async () => (await redis.ttl(key)) > short);
    redis.disconnect();
  });
});
