import { anApiDefinition, eventually, textOf } from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';
import { addApi } from '../../test/configuration';

describe('figures that people set alerts on', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    organisation = await api.organisation();
  });
  afterAll(() => api.stop());

  /** The sum of a counter over all labels but those that are asked for. */
  const counted = async (name: string, code?: string): Promise<number> => {
    const { text } = expectOk(await api.anonymous.get('/metrics'));
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) && (code === undefined || line.includes(`code="${code}"`)))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  it('count writes that collide, by what they collide with', async () => {
    const { client } = organisation.admin;
    const definition = { ...anApiDefinition(), api_id: 'twin' };
    const id = await addApi(organisation, definition);
    const before = await counted('castellan_conflicts_total');
    expect((await client.post('/api/apis', { api_definition: definition })).status).toBe(409);
    const headers = { 'if-match': '"9"' };
    expect((await client.put(`/api/apis/${id}`, { api_definition: definition }, { headers })).status).toBe(412);
    expect(await counted('castellan_conflicts_total')).toBe(before + 2);
    expect(await counted('castellan_conflicts_total', 'version_mismatch')).toBe(1);
    expect(await counted('castellan_conflicts_total', 'id_conflict')).toBe(1);
  });

  it('count writes that are refused, and neither reads nor checks', async () => {
    const { client } = organisation.admin;
    const before = await counted('castellan_refused_writes_total', 'validation_failed');
    const collisions = await counted('castellan_conflicts_total');
    expect((await client.post('/api/apis', {})).status).toBe(400);
    expect((await client.get('/api/apis?p=abc')).status).toBe(400);
    expect((await client.post('/api/apis/validate', {})).status).toBe(400);
    expect(await counted('castellan_refused_writes_total', 'validation_failed')).toBe(before + 1);
    expect(await counted('castellan_conflicts_total')).toBe(collisions);
  });

  it('count how often the lists for nodes are made: once for a change, and never for a look', async () => {
    const headers = { 'x-tyk-hostname': 'gateway-1' };
    const node = expectOk(await api.node.get('/register/node', { headers }));
    const session = {
      'x-tyk-nodeid': textOf(node.json['Message']?.['NodeID']),
      'x-tyk-nonce': textOf(node.json['Nonce']),
    };
    const id = await addApi(organisation);
    const load = async (): Promise<string> => (await api.node.get('/system/apis', { headers: session })).text;
    await eventually(async () => (await load()).includes(id));
    const before = await counted('castellan_snapshot_builds_total');
    expect(before).toBeGreaterThan(0);
    await load();
    expect(await counted('castellan_snapshot_builds_total')).toBe(before);
    const next = await addApi(organisation);
    await eventually(async () => (await load()).includes(next));
    expect(await counted('castellan_snapshot_builds_total')).toBe(before + 1);
    const { text } = expectOk(await api.anonymous.get('/metrics'));
    const totals = [...text.matchAll(/^# TYPE (castellan_\w+_total) (\w+)$/gm)];
    expect(totals.map(([, name]) => name)).toContain('castellan_snapshot_builds_total');
    expect(totals.filter(([, , type]) => type !== 'counter')).toEqual([]);
  });
});
