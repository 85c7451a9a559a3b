import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import {
  analyticsList,
  anAnalyticsRecord,
  anApiDefinition,
  encodeRecord,
  eventually,
  listOf,
  numberOf,
  textOf,
  type JsonReply,
} from '@castellan/testing';
import { expectOk, type TestOrganisation } from '../api-under-test';
import { hitsOf, type Fields, type Traffic } from './traffic';

const day = '1/10/2026/1/10/2026';
const query = { from: '2026-10-01T00:00:00Z', to: '2026-10-02T00:00:00Z', groupBy: ['key'] };

/** Forgetting people, in an organisation of their own. */
export const erasure = (traffic: Traffic): void => {
  let organisation: TestOrganisation;

  const ask = async (body: Fields = query): Promise<JsonReply> =>
    expectOk(await organisation.admin.client.post('/api/analytics/query', body)).json;
  const byKey = async (): Promise<Readonly<Record<string, unknown>>> =>
    Object.fromEntries(listOf((await ask())['data']).map((row) => [textOf(row['key']), row['hits']]));
  const erase = (body: unknown) => organisation.admin.client.post('/api/analytics/erase', body);
  const everything = async (): Promise<string> => {
    const { client } = organisation.admin;
    const paths = [`/api/logs/?start=1790812800&end=1790899199&p=-1`, `/api/activity/keys/${day}?p=-1`];
    const replies = [
      ...(await Promise.all(paths.map((path) => client.get(path)))),
      await client.get('/api/audit-logs'),
    ];
    return replies.map((reply) => expectOk(reply).text).join('\n');
  };

  beforeAll(async () => {
    organisation = await traffic.api.organisation();
    const hit = (fields: Fields): Fields => ({
      ...traffic.hit('2026-10-01T10:00:00Z', { APIKey: 'hash-of-ben', IPAddress: '198.51.100.9', ...fields }),
      OrgID: organisation.id,
    });
    const anna = { APIKey: 'hash-of-anna', Alias: 'anna@example.org', IPAddress: '[2001:db8::a]:443' };
    await traffic.push([
      hit({ ...anna, Tags: ['key-hash-of-anna', 'edge'] }),
      hit({ ...anna, RawRequest: Buffer.from('GET / HTTP/1.1\r\nFrom: anna@example.org\r\n\r\n').toString('base64') }),
      hit({}),
      hit({ APIKey: 'hash-of-cleo', Alias: 'cleo@example.org' }),
    ]);
    await eventually(async () => hitsOf(listOf((await ask({ ...query, groupBy: [] }))['data']))[0] === 4);
  });

  it('by the hash of a key leaves nothing that names it, and every count', async () => {
    expect(await byKey()).toEqual({ 'hash-of-anna': 2, 'hash-of-ben': 1, 'hash-of-cleo': 1 });
    expect(expectOk(await erase({ key_hash: 'hash-of-anna' })).json).toMatchObject({ records: 2, more: false });
    expect(await byKey()).toEqual({ '(erased)': 2, 'hash-of-ben': 1, 'hash-of-cleo': 1 });
    const left = await everything();
    for (const trace of ['hash-of-anna', 'anna@example.org', '2001:db8::a']) expect(left).not.toContain(trace);
    const total = listOf((await ask({ ...query, groupBy: [] }))['data']);
    expect(hitsOf(total)).toEqual([4]);
    expect(expectOk(await erase({ key_hash: 'hash-of-anna' })).json).toEqual({
      ...{ records: 0, sums: 0 },
      ...{ dead_letters: 0, more: false },
    });
  });

  it('by alias or address forgets these alone', async () => {
    expect(expectOk(await erase({ alias: 'cleo@example.org' })).json).toMatchObject({ records: 1 });
    expect(expectOk(await erase({ address: '198.51.100.9:80' })).json).toMatchObject({ records: 1, sums: 0 });
    const left = await everything();
    for (const trace of ['cleo@example.org', '198.51.100.9']) expect(left).not.toContain(trace);
    expect(await byKey()).toMatchObject({ 'hash-of-ben': 1, 'hash-of-cleo': 1 });
    // Names that no field can have are looked for like any other.
    for (const key_hash of ['\0', '$where', 'a.b']) {
      expect(expectOk(await erase({ key_hash })).json).toMatchObject({ records: 0, more: false });
    }
  });

  it('reaches what tyk-pump has added up, which goes on to count', async () => {
    const { id } = organisation;
    const connection = traffic.api.app.get<Connection>(getConnectionToken());
    const of = (identifier: string, humanidentifier: string) => ({ identifier, humanidentifier, hits: 3, success: 3 });
    const [dora, emil] = [of('hash-of-dora', 'dora@example.org'), of('hash-of-emil', 'emil@example.org')];
    const aggregates = connection.collection(`z_tyk_analyticz_aggregate_${id}`);
    const timestamp = new Date('2026-09-30T10:00:00Z');
    const apikeys = { [dora.identifier]: dora, [emil.identifier]: emil };
    const keyendpoints = { [emil.identifier]: { L2E: of('/a', '/a') } };
    await aggregates.insertOne({
      ...{ orgid: id, timestamp, total: { hits: 6, success: 6 }, apikeys, keyendpoints },
      lists: { apikeys: [dora, emil], keyendpoints: { [emil.identifier]: [of('/a', '/a')] } },
    });
    expectOk(await erase({ alias: dora.humanidentifier }));
    expectOk(await erase({ key_hash: emil.identifier }));
    const [left] = await aggregates.find({ orgid: id }).toArray();
    const text = JSON.stringify(left);
    for (const trace of [dora.humanidentifier, emil.identifier, emil.humanidentifier])
      expect(text).not.toContain(trace);
    expect(left).toMatchObject({
      total: { hits: 6 },
      apikeys: { [dora.identifier]: { humanidentifier: '', hits: 3 } },
    });
  });

  it('deletes what could not be stored, where it can be read of whom it is, and of this organisation alone', async () => {
    const { id } = organisation;
    const { id: elsewhere } = await traffic.api.organisation();
    const letters = traffic.api.app.get<Connection>(getConnectionToken()).collection('analytics_dead_letters');
    const cut = (OrgID: string, fields: Fields): Buffer =>
      // Without its end, which the last field is cut off with.
      encodeRecord(anAnalyticsRecord({ OrgID, APIKey: 'hash-of-fay', Alias: 'fay', ...fields })).subarray(0, -5);
    const theirs = (): Promise<number> => letters.countDocuments({ orgid: { $in: [id, elsewhere] } });
    await traffic.redis.rpush(
      analyticsList,
      ...[cut(id, {}), cut(elsewhere, {}), cut(id, { APIKey: 'hash-of-gus', Alias: 'gus' })],
      ...[cut(id, { APIKey: 'hash-of-hal', Alias: '', IPAddress: '[2001:DB8::f]:443' })],
    );
    await eventually(async () => (await theirs()) === 4);
    for (const [person, left] of [
      [{ key_hash: 'hash-of-fay' }, 3],
      [{ alias: 'gus' }, 2],
      [{ address: '2001:db8:0::f' }, 1],
    ] as const) {
      expect(expectOk(await erase(person)).json).toMatchObject({ records: 0, dead_letters: 1 });
      expect(await theirs()).toBe(left);
    }
    expect(await letters.countDocuments({ orgid: elsewhere, apikey: 'hash-of-fay' })).toBe(1);
  });

  it.each([
    [{}, 'key_hash'],
    [{ key_hash: 'a', alias: 'b' }, 'key_hash'],
    [{ key_hash: '00000000' }, 'key_hash'],
    [{ address: '' }, 'address'],
    [{ alias: { $ne: '' } }, 'alias'],
    [{ name: 'anna' }, 'name'],
  ])('refuses %j and names %s', async (body, path) => {
    const reply = await erase(body);
    expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, path]);
  });

  it('is for who may write analytics and sees all of them, and is audited without what was erased', async () => {
    const { id } = organisation;
    const reader = await traffic.api.user(id, { analytics: 'read' });
    expect((await reader.client.post('/api/analytics/erase', { alias: 'x' })).status).toBe(403);
    const writer = await traffic.api.user(id, { analytics: 'write' });
    expectOk(await writer.client.post('/api/analytics/erase', { alias: 'nobody' }));
    const acts = listOf(
      expectOk(await organisation.admin.client.get('/api/audit-logs?action=Erase+From+Analytics')).json['audit_logs'],
    );
    expect(acts.map((act) => numberOf(act['status']))).toContain(200);
    expect(JSON.stringify(acts)).not.toContain('nobody');
    expectOk(
      await organisation.admin.client.post('/api/apis', {
        api_definition: anApiDefinition(),
        user_owners: [reader.id],
      }),
    );
    const settings = { settings: { enable_ownership: true } };
    expectOk(await traffic.api.admin.put(`/admin/organisations/${id}`, { owner_name: 'x', ...settings }));
    expect((await writer.client.post('/api/analytics/erase', { alias: 'nobody' })).status).toBe(403);
  });
};
