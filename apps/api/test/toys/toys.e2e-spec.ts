/** @own-modules A kind is registered for good. */
import { Redis } from 'ioredis';
import {
  aPolicy,
  eventually,
  listOf,
  NodeSimulator,
  textOf,
  unique,
  type HttpClient,
  type JsonReply,
} from '@castellan/testing';
import { Generations, Outbox, toOrganisationId } from '@castellan/persistence';
import { NOTIFICATION_CHANNEL, verifyNotification } from '@castellan/tyk';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../api-under-test';
import { mostToys } from './toys.service';
import { ToysModule } from './toys.module';

describe('a kind that was added by a module of its own', () => {
  let api: ApiUnderTest;
  let organisation: TestOrganisation;
  let client: HttpClient;

  beforeAll(async () => {
    api = await ApiUnderTest.start({}, [ToysModule]);
  });
  afterAll(() => api.stop());
  beforeEach(async () => {
    organisation = await api.organisation();
    client = organisation.admin.client;
  });

  const create = async (overrides: Readonly<Record<string, unknown>> = {}): Promise<string> =>
    textOf(expectOk(await client.post('/api/toys', { name: unique('toy'), ...overrides })).json['Meta']);

  const auditOf = async (id: string): Promise<readonly JsonReply[]> =>
    listOf(expectOk(await client.get(`/api/audit-logs?resource=${id}`)).json['audit_logs']);

  it('is created, read, updated under a precondition and deleted, with the replies of every kind', async () => {
    const toyId = unique('t');
    const id = await create({ toy_id: toyId, name: 'bear' });
    expect(expectOk(await client.get(`/api/toys/${toyId}`)).json).toMatchObject({ id, toy_id: toyId, name: 'bear' });
    const stale = { headers: { 'if-match': '"7"' } };
    expect((await client.put(`/api/toys/${id}`, { name: 'other' }, stale)).status).toBe(412);
    const fresh = { headers: { 'if-match': '"1"' } };
    expect(expectOk(await client.put(`/api/toys/${id}`, { name: 'other' }, fresh)).json['Meta']).toBe('2');
    expect((await client.post('/api/toys', {})).status).toBe(400);
    expect((await client.post('/api/toys', { name: 'other' })).status).toBe(409);
    expect((await client.delete(`/api/toys/${id}`, stale)).status).toBe(412);
    expectOk(await client.delete(`/api/toys/${id}`));
    expect((await client.get(`/api/toys/${id}`)).status).toBe(404);
  });

  it('is tried out with all checks, and nothing is written', async () => {
    const valid = expectOk(await client.post('/api/toys/validate', { name: 'kite' })).json;
    expect(valid).toMatchObject({ Message: 'Toy is valid', Meta: { changes: [{ kind: 'toy', operation: 'create' }] } });
    const id = await create({ name: 'kite' });
    const changed = expectOk(await client.post(`/api/toys/validate?id=${id}`, { name: 'ball' })).json;
    expect(changed['Meta']).toMatchObject({ changes: [{ id, operation: 'update', version: 2 }] });
    expect((await client.post('/api/toys/validate', { name: 'kite' })).status).toBe(409);
    expect((await client.post('/api/toys/validate', {})).status).toBe(400);
    expect(await auditOf(id)).toHaveLength(1);
  });

  it('is opened by the section that it names, and by nobody’s else', async () => {
    const stranger = await api.user(organisation.id, { apis: 'write' });
    expect((await stranger.client.post('/api/toys', { name: 'x' })).status).toBe(403);
    const reader = await api.user(organisation.id, { api_assets: 'read' });
    const id = await create();
    expect((await reader.client.get(`/api/toys/${id}/revisions`)).status).toBe(200);
    expect((await reader.client.post(`/api/toys/${id}/rollback`, { revision: 1 })).status).toBe(403);
  });

  it('has a history that can be compared, rolled back to and restored from, by either id', async () => {
    const toyId = unique('t');
    const [ada, grace] = [
      await api.user(organisation.id, { log: 'read' }),
      await api.user(organisation.id, { log: 'read' }),
    ];
    const id = await create({ toy_id: toyId, name: 'first', user_owners: [ada.id] });
    expectOk(await client.put(`/api/toys/${id}`, { name: 'second', user_owners: [grace.id] }));
    expectOk(await client.post(`/api/toys/${toyId}/rollback`, { revision: 1 }));
    const rolledBack = expectOk(await client.get(`/api/toys/${id}`)).json;
    // Who has rights in it is no content.
    expect(rolledBack).toMatchObject({ name: 'first', user_owners: [grace.id] });
    expectOk(await client.delete(`/api/toys/${toyId}`));
    const gone = listOf(expectOk(await client.get('/api/toys/deleted')).json['deleted']);
    expect(gone.map((row) => [row['id'], row['name']])).toEqual([[id, 'first']]);
    const revisions = listOf(expectOk(await client.get(`/api/toys/${toyId}/revisions?p=-1`)).json['revisions']);
    expect(revisions.map(({ operation }) => operation)).toEqual(['delete', 'rollback', 'update', 'create']);
    expectOk(await client.post(`/api/toys/${toyId}/restore`));
    expect(expectOk(await client.get(`/api/toys/${id}`)).headers.get('etag')).toBe('"5"');
  });

  it('is audited, under the name of its kind', async () => {
    const id = await create();
    const [record] = await auditOf(id);
    expect(record?.['changes']).toEqual([{ kind: 'toy', id, operation: 'create', version: 1 }]);
    expectOk(await client.get('/api/audit-logs?resource=toy'));
  });

  it('is exported, imported into another organisation under the same rules, and pruned', async () => {
    const id = await create({ toy_id: unique('t'), name: 'bear' });
    const document = expectOk(await client.get('/api/export')).json;
    expect(listOf(document['toys'])).toMatchObject([{ id, name: 'bear' }]);
    expectOk(await client.delete(`/api/toys/${id}`));
    const other = (await api.organisation()).admin.client;
    const counts = (reply: JsonReply) => reply['Meta']?.['counts'];
    const made = expectOk(await other.post('/api/import', document)).json;
    expect(counts(made)).toMatchObject({ create: 1, unchanged: 0 });
    expect(listOf(made['Meta']?.['resources'])).toMatchObject([{ kind: 'toy', id, action: 'create' }]);
    expect(counts(expectOk(await other.post('/api/import', document)).json)).toMatchObject({ create: 0, unchanged: 1 });
    const twice = {
      toys: [
        { toy_id: 'a', name: 'same' },
        { toy_id: 'b', name: 'same' },
      ],
    };
    const refused = await other.post('/api/import', twice);
    expect([refused.status, refused.json['Errors']]).toMatchObject([409, [{ path: 'toys[1].name' }]]);
    expect(counts(expectOk(await other.post('/api/import?prune=true', { toys: [] })).json)).toMatchObject({
      delete: 1,
    });
    expect((await other.get(`/api/toys/${id}`)).status).toBe(404);
  });

  it('refers to what there is, and in an import to what comes with it', async () => {
    const loose = (await api.organisation({ allow_unknown_apis_in_policies: true })).admin.client;
    const [policy, toy] = [unique('p'), { toy_id: unique('t'), name: 'bear', policy: '' }];
    const document = { policies: [aPolicy(['f'.repeat(32)], { id: policy })], toys: [{ ...toy, policy }] };
    const refused = await loose.post('/api/toys', { ...toy, policy });
    expect([refused.status, refused.json['Errors']?.[0]?.['path']]).toEqual([400, 'policy']);
    expect((await loose.post('/api/import', { toys: document.toys })).status).toBe(400);
    expectOk(await loose.post('/api/import', document));
    expectOk(await loose.put(`/api/toys/${toy.toy_id}`, { ...toy, name: 'other', policy }));
    // What goes in the same import is not there to be referred to, though it still stands in the database.
    const gone = await loose.post('/api/import?prune=true', {
      policies: [],
      toys: [{ ...toy, name: 'third', policy }],
    });
    expect([gone.status, gone.json['Errors']?.[0]?.['path']]).toEqual([400, 'toys[0].policy']);
  });

  it('has owners, who alone come to it on every route, and who are not deleted while it has no other', async () => {
    const owned = await api.organisation({ enable_ownership: true });
    const [ada, bob] = [
      await api.user(owned.id, { api_assets: 'write' }),
      await api.user(owned.id, { api_assets: 'write' }),
    ];
    const make = async (owners: object): Promise<string> =>
      textOf(expectOk(await owned.admin.client.post('/api/toys', { name: unique('toy'), ...owners })).json['Meta']);
    const [hers, free] = [await make({ user_owners: [ada.id] }), await make({})];
    const answers = async (user: HttpClient, id: string): Promise<readonly number[]> => {
      const body = { name: unique('toy'), user_owners: id === hers ? [ada.id] : [] };
      return [
        (await user.get(`/api/toys/${id}`)).status,
        (await user.post(`/api/toys/validate?id=${id}`, body)).status,
        (await user.put(`/api/toys/${id}`, body)).status,
        (await user.get(`/api/toys/${id}/revisions`)).status,
        (await user.post(`/api/toys/${id}/rollback`, { revision: 1 })).status,
      ];
    };
    expect(await answers(bob.client, hers)).toEqual([404, 404, 404, 404, 404]);
    expect((await bob.client.delete(`/api/toys/${hers}`)).status).toBe(404);
    expect(await answers(bob.client, free)).toEqual([200, 200, 200, 200, 200]);
    expect(await answers(ada.client, hers)).toEqual([200, 200, 200, 200, 200]);
    const stranger = await owned.admin.client.post('/api/toys', { name: 'x', user_owners: ['0'.repeat(24)] });
    expect([stranger.status, stranger.json['Errors']?.[0]?.['path']]).toEqual([400, 'user_owners[0]']);
    const kept = await owned.admin.client.delete(`/api/users/${ada.id}`);
    expect([kept.status, kept.json['Errors']?.[0]?.['path']]).toEqual([409, expect.stringMatching(/^toys\./)]);
    expectOk(await ada.client.delete(`/api/toys/${hers}`));
    const seen = async (user: HttpClient) =>
      listOf(expectOk(await user.get('/api/toys/deleted')).json['deleted']).map(({ id }) => id);
    expect([await seen(ada.client), await seen(bob.client)]).toEqual([[hers], []]);
    expectOk(await owned.admin.client.delete(`/api/users/${ada.id}`));
  });

  it('has a limit, which holds for imports too', async () => {
    for (let count = 0; count < mostToys; count += 1) await create();
    const one = await client.post('/api/toys', { name: unique('toy') });
    expect([one.status, one.json['Code']]).toEqual([400, 'limit_reached']);
    const imported = await client.post('/api/import', { toys: [{ toy_id: unique('t'), name: unique('toy') }] });
    expect([imported.status, imported.json['Code']]).toEqual([400, 'limit_reached']);
  });

  it('goes with its organisation, which is not removed while it holds any', async () => {
    const id = await create();
    const held = await api.admin.delete(`/admin/organisations/${organisation.id}`);
    expect([held.status, held.json['Meta']?.['would_delete']?.['toys']]).toEqual([409, 1]);
    expectOk(await api.remove(organisation.id));
    const records = listOf(
      expectOk(await api.admin.get(`/admin/audit-logs?org_id=${organisation.id}&resource=${id}`)).json['audit_logs'],
    );
    expect(records[0]?.['changes']).toContainEqual({ kind: 'toy', id, operation: 'delete', version: 2 });
  });

  describe('and its messages to nodes', () => {
    let listener: Redis;
    let node: NodeSimulator;
    let heard: string[] = [];

    beforeAll(async () => {
      const { nodeSecret, redisUrl } = api.config;
      listener = new Redis(redisUrl);
      listener.on('message', (_channel: string, message: string) => {
        const verdict = verifyNotification(message, nodeSecret);
        heard.push(verdict.ok ? `${verdict.command} ${verdict.payload}`.trim() : verdict.reason);
      });
      await listener.subscribe(NOTIFICATION_CHANNEL);
      node = new NodeSimulator({ dashboardUrl: api.url, nodeSecret, redisUrl, gatewaySecret: 'g', reloadTickMs: 20 });
      await node.start();
    });
    afterAll(async () => {
      await node.stop();
      listener.disconnect();
    });
    beforeEach(async () => {
      // What the new organisation itself had to say.
      await eventually(async () => (await api.app.get(Outbox).oldestPending()) === null);
      heard = [];
    });

    const generation = async (): Promise<number> =>
      (await api.app.get(Generations).of(toOrganisationId(organisation.id))).generation;
    const said = (word: string): string => `KeySpaceUpdateNotification ${word}`;

    it('are none for what no node is served, and a reload for what is', async () => {
      const before = await generation();
      const id = await create({ shown: false });
      expectOk(await client.put(`/api/toys/${id}`, { name: unique('hidden') }));
      const [last, name] = [unique('last'), unique('hidden')];
      expectOk(await client.put(`/api/toys/${id}`, { name, says: [last] }));
      // In the order of the changes: whatever the first two had to say would have come before.
      await eventually(() => heard.includes(said(last)));
      expect([heard, await generation()]).toEqual([[said(last)], before]);
      // Marked as published a moment after it was said.
      await eventually(async () => (await api.app.get(Outbox).oldestPending()) === null);
      expectOk(await client.put(`/api/toys/${id}`, { name, shown: true }));
      await eventually(() => heard.length > 1);
      expect([heard, await generation()]).toEqual([[said(last), 'GroupReload'], before + 1]);
    });

    it('are signed, in order and complete where they carry something, and reload nobody', async () => {
      const [before, asked] = [await generation(), node.eventsOf('reload-queued').length];
      const accepted = node.eventsOf('signal-accepted').length;
      const words = Array.from({ length: 120 }, (_, index) => `word ${index % 7}`);
      const id = await create({ says: words });
      const name = unique('toy');
      for (const word of ['first', 'second', 'second']) {
        expectOk(await client.put(`/api/toys/${id}`, { name, says: [word], nonce: unique() }));
      }
      const imported = [1, 2].map((index) => ({
        toy_id: unique(`t${index}`),
        name: unique('toy'),
        says: [`import ${index}`],
      }));
      expectOk(await client.post('/api/import', { toys: imported }));
      const all = [...words, 'first', 'second', 'second', 'import 1', 'import 2'].map(said);
      await eventually(() => heard.length >= all.length);
      expect(heard).toEqual(all);
      await node.waitFor(() => node.eventsOf('signal-accepted').length === accepted + all.length);
      expect([await generation(), node.eventsOf('reload-queued').length]).toEqual([before, asked]);
    });

    it('are never said of a change that was refused', async () => {
      const name = unique('toy');
      await create({ name });
      expect((await client.post('/api/toys', { name, says: ['refused'] })).status).toBe(409);
      await create({ says: ['taken'] });
      await eventually(() => heard.length > 0);
      expect(heard).toEqual([said('taken')]);
    });
  });
});
