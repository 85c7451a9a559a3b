import { Redis } from 'ioredis';
import { anApiDefinition, eventually, listOf, numberOf, textOf, unique, type HttpClient } from '@castellan/testing';
import { RawNode } from '../../../../test/support/raw-node';
import { workerRedisUrl } from '../../../../test/support/test-services';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../test/api-under-test';

describe('an API that a super user makes without naming an organisation', () => {
  let api: ApiUnderTest;
  let first: TestOrganisation;
  let second: TestOrganisation;
  let client: HttpClient;
  let node: RawNode;
  let redis: Redis;
  const signals: string[] = [];

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    [first, second] = [await api.organisation(), await api.organisation()];
    ({ client } = await api.superUser());
    node = await RawNode.register(api.url, api.config.nodeSecret);
    redis = new Redis(workerRedisUrl());
    redis.on('message', (_, text) => void signals.push(text));
    await redis.subscribe('tyk.cluster.notifications');
  });
  afterAll(async () => {
    redis.disconnect();
    await api.stop();
  });

  const make = async (fields: Readonly<Record<string, unknown>> = {}) => {
    const api_definition = anApiDefinition(fields);
    const { json, headers } = expectOk(await client.post('/api/apis', { api_definition }));
    const [id, apiId] = [textOf(json['Meta']), textOf(json['ID'])];
    return { api_definition, id, apiId, path: `/api/apis/${id}`, tag: headers.get('etag') ?? '' };
  };
  const served = async (): Promise<string> => (await node.get('/system/apis')).text;
  const auditsOf = async (reader: HttpClient, path: string) =>
    listOf(expectOk(await reader.get(path)).json['audit_logs']).map(
      (one) => `${textOf(one['action'])} ${numberOf(one['status'])}`,
    );

  it('belongs to none: only super users see it, no node is served it or told of it', async () => {
    const { path, apiId, api_definition } = await make();
    const shown = expectOk(await client.get(path));
    expect(shown.json['api_definition']).toMatchObject({ api_id: apiId, org_id: '' });
    const list = expectOk(await client.get('/api/apis?p=-1'));
    expect(list.text).toContain(apiId);
    expect(expectOk(await client.get('/api/apis?p=-1&compressed=1')).text).toContain('"org_id":""');
    for (const by of [first.admin.client, client.with({ 'x-castellan-organisation': first.id })]) {
      expect(expectOk(await by.get('/api/apis?p=-1')).text).not.toContain(apiId);
      expect((await by.get(path)).status).toBe(404);
      expect((await by.delete(path)).status).toBe(404);
    }
    expect((await first.admin.client.put(path, { api_definition })).status).toBe(404);
    expect(await served()).not.toContain(apiId);
    // What comes after it is told, and by then it would have been.
    const { json } = expectOk(await first.admin.client.post('/api/apis', { api_definition: anApiDefinition() }));
    await eventually(() => (signals.length > 0 ? true : null));
    expect(signals).toHaveLength(1);
    expect(await served()).toContain(textOf(json['ID']));
    expect(await auditsOf(api.admin, '/admin/audit-logs?org_id=none&p=-1')).toContain('Create API 200');
  });

  it('is made by nobody who names an organisation in a form that none has, instead of where it was meant to go', async () => {
    const listed = async () => listOf(expectOk(await client.get('/api/apis?p=-1')).json['apis']).length;
    const before = await listed();
    const api_definition = anApiDefinition();
    for (const org_id of ['acme', ` ${first.id}`, ' ', [first.id], { id: first.id }, 5, false]) {
      const refused = await client.post('/api/apis', { org_id, api_definition });
      expect([org_id, refused.status, listOf(refused.json['Errors'])[0]?.['path']]).toEqual([org_id, 400, 'org_id']);
    }
    const within = await client.post('/api/apis', { api_definition: { ...api_definition, org_id: 'acme' } });
    expect(within.status).toBe(400);
    expect(await listed()).toBe(before);
    const { path } = await make({ org_id: '' });
    expectOk(await client.delete(path));
  });

  it('is changed and deleted as it is, and nothing else is done with it', async () => {
    const { path, api_definition, tag } = await make();
    const renamed = { ...api_definition, name: unique('renamed') };
    const changed = expectOk(await client.put(path, { api_definition: renamed }, { headers: { 'if-match': tag } }));
    expect((await client.put(path, { api_definition }, { headers: { 'if-match': tag } })).status).toBe(412);
    expect(changed.headers.get('etag')).not.toBe(tag);
    for (const below of ['/revisions', '/access']) {
      const reply = await client.get(`${path}${below}`);
      expect([below, reply.status, reply.json['Code']]).toEqual([below, 400, 'organisation_needed']);
    }
    expectOk(await client.delete(path));
    expect((await client.get(path)).status).toBe(404);
  });

  it('claims no place and no slug, but its ids', async () => {
    const place = { proxy: { listen_path: `/${unique('place')}/` }, slug: unique('slug') };
    const { apiId } = await make(place);
    await make(place);
    expectOk(await first.admin.client.post('/api/apis', { api_definition: anApiDefinition(place) }));
    for (const by of [client, first.admin.client]) {
      const taken = await by.post('/api/apis', { api_definition: anApiDefinition({ api_id: apiId }) });
      expect([taken.status, taken.json['Code']]).toEqual([409, 'id_conflict']);
    }
  });

  it.each([
    ['at the top', (org_id: string, api_definition: object) => ({ org_id, api_definition })],
    [
      'in the definition',
      (org_id: string, api_definition: object) => ({ api_definition: { ...api_definition, org_id } }),
    ],
  ])(
    'goes to the organisation that a PUT names as org_id %s, with its ids, its record and its nodes',
    async (_, body) => {
      const { path, id, apiId, tag, api_definition } = await make();
      const name = unique('given');
      const given = expectOk(
        await client.put(path, body(second.id, { ...api_definition, name }), { headers: { 'if-match': tag } }),
      );
      const theirs = expectOk(await second.admin.client.get(path));
      expect(theirs.json['api_definition']).toMatchObject({ id, api_id: apiId, org_id: second.id, name });
      expect(theirs.json).not.toHaveProperty('org_id');
      expect(theirs.headers.get('etag')).toBe(given.headers.get('etag'));
      expect((await first.admin.client.get(path)).status).toBe(404);
      expect(await served()).toContain(apiId);
      expect(await auditsOf(second.admin.client, '/api/audit-logs?p=1')).toContain('Update API 200');
      expect(expectOk(await client.get('/api/apis?p=-1')).text.split(`"api_id":"${apiId}"`)).toHaveLength(2);
      const revisions = expectOk(await second.admin.client.get(`${path}/revisions`)).text;
      expect(revisions).toContain('"operation":"create"');
      // From now on it stays there.
      const moved = await client.put(path, body(first.id, api_definition));
      expect([moved.status, listOf(moved.json['Errors'])[0]?.['path']]).toEqual([400, 'org_id']);
      expectOk(await client.put(path, { api_definition }));
      expectOk(await second.admin.client.put(path, body(first.id, api_definition)));
      expect(expectOk(await client.get(path)).json['api_definition']?.['org_id']).toBe(second.id);
    },
  );

  it('stays where it is when the organisation would not take it: what it says, quotas, conflicts, versions', async () => {
    const listen_path = `/${unique('taken')}/`;
    expectOk(
      await first.admin.client.post('/api/apis', { api_definition: anApiDefinition({ proxy: { listen_path } }) }),
    );
    const { path, api_definition, tag } = await make({ proxy: { listen_path } });
    const full = await api.organisation({ quotas: { apis: 0 } });
    const elsewhere = anApiDefinition({ proxy: { listen_path: `/${unique('free')}/` } });
    const headers = { 'if-match': tag };
    for (const [status, code, reply] of [
      [409, 'listen_path_conflict', await client.put(path, { org_id: second.id, api_definition }, { headers })],
      [400, 'limit_reached', await client.put(path, { org_id: full.id, api_definition: elsewhere }, { headers })],
      [400, 'validation_failed', await client.put(path, { org_id: first.id, api_definition: {} }, { headers })],
      [400, 'validation_failed', await client.put(path, { org_id: 'f'.repeat(24), api_definition }, { headers })],
      [400, 'validation_failed', await client.put(path, { org_id: '0'.repeat(24), api_definition }, { headers })],
      [
        ...([400, 'validation_failed'] as const),
        await client.put(
          path,
          { org_id: first.id, api_definition, user_owners: [first.admin.id, second.admin.id] },
          { headers },
        ),
      ],
      [
        412,
        'version_mismatch',
        await client.put(path, { org_id: first.id, api_definition: elsewhere }, { headers: { 'if-match': '"99"' } }),
      ],
    ] as const) {
      expect([reply.status, reply.json['Code']]).toEqual([status, code]);
    }
    const still = expectOk(await client.get(path));
    expect([still.headers.get('etag'), still.json['api_definition']?.['org_id']]).toEqual([tag, '']);
    expectOk(await client.put(path, { org_id: second.id, api_definition: elsewhere }, { headers }));
  });
});
