import { eventually, listOf, numberOf, textOf, type HttpClient } from '@castellan/testing';
import { expectOk, type TestOrganisation } from '../api-under-test';
import { hitsOf, second, type Fields, type Traffic } from './traffic';

/** A day that no other test asks about. */
const day = '15/1/2027/15/1/2027';
const time = { from: '2027-01-15T00:00:00Z', to: '2027-01-16T00:00:00Z' };
const logOf = (query: string): string => `/api/logs?start=${second(time.from)}&end=${second(time.to)}&${query}`;

/** What a super user sees who names no organisation: what happened in all. */
export const everywhere = (traffic: Traffic): void => {
  let other: TestOrganisation;
  let client: HttpClient;

  beforeAll(async () => {
    other = await traffic.api.organisation();
    ({ client } = await traffic.api.superUser());
    const elsewhere: Fields = { OrgID: other.id, APIID: 'elsewhere', APIName: 'Elsewhere' };
    await traffic.push([
      traffic.hit('2027-01-15T10:00:00Z', { Alias: 'first' }),
      traffic.hit('2027-01-15T10:30:00Z', { ...elsewhere, Alias: 'second', Latency: { Total: 30, Upstream: 5 } }),
      traffic.hit('2027-01-15T11:00:00Z', { Alias: 'third', ResponseCode: 500 }),
      traffic.hit('2027-01-15T11:30:00Z', { ...elsewhere, Alias: 'fourth', ResponseCode: 404 }),
      traffic.hit('2027-01-15T11:30:01Z', { ...elsewhere, Alias: 'fifth' }),
    ]);
    for (const [admin, hits] of [
      [traffic.admin, 2],
      [other.admin.client, 3],
    ] as const) {
      await eventually(async () => hitsOf(await traffic.rows(admin, `/api/usage/${day}?res=day`))[0] === hits);
    }
  });

  const inside = ({ id }: TestOrganisation): HttpClient => client.with({ 'x-castellan-organisation': id });

  it('adds up figures over all of them, and over one that is named alone', async () => {
    for (const [path, all, one] of [
      [`/api/usage/${day}?res=day`, [5], [3]],
      [`/api/usage/apis/${day}?p=-1`, [3, 2], [3]],
      [`/api/errors/count/${day}?res=day`, [2], [1]],
      [`/api/activity/errors/${day}?p=-1`, [1, 1], [1]],
    ] as const) {
      expect([path, hitsOf(await traffic.rows(client, path))]).toEqual([path, all]);
      expect([path, hitsOf(await traffic.rows(inside(other), path))]).toEqual([path, one]);
      expect([path, hitsOf(await traffic.rows(other.admin.client, path))]).toEqual([path, one]);
    }
  });

  it('answers its own queries over all of them, from sums and from records', async () => {
    const asked = { ...time, groupBy: ['api'], metrics: ['hits', 'errors', 'latency_max'] };
    const expected = [
      { api: 'elsewhere', hits: 3, errors: 1, latency_max: 30 },
      { api: traffic.owned, hits: 2, errors: 1, latency_max: 17 },
    ];
    const sums = await traffic.ask(client, asked);
    const records = await traffic.ask(client, { ...asked, from: '2027-01-15T00:00:01Z' });
    expect([sums['source'], records['source']]).toEqual(['aggregates', 'records']);
    for (const reply of [sums, records]) expect(reply['data']).toMatchObject(expected);
    const named = await traffic.ask(inside(other), { ...asked, filters: { api: [traffic.owned] } });
    expect(named['data']).toEqual([]);
  });

  it('lists the requests of all, the newest first, in pages and by cursor, and shows each', async () => {
    const aliases = async (by: HttpClient, query: string): Promise<readonly string[]> =>
      listOf(expectOk(await by.get(logOf(query))).json['data']).map((row) => textOf(row['Alias']));
    const all = ['fifth', 'fourth', 'third', 'second', 'first'];
    expect(await aliases(client, 'p=-1')).toEqual(all);
    expect(await aliases(client, 'p=1')).toEqual(all);
    expect(await aliases(client, 'errors=true')).toEqual(['fourth', 'third']);
    expect(await aliases(inside(other), 'p=1')).toEqual(['fifth', 'fourth', 'second']);
    const first = expectOk(await client.get(logOf('p=1'))).json;
    expect(numberOf(first['pages'])).toBe(1);
    const third = listOf(first['data'])[2];
    const cursor = `${Date.parse(textOf(third?.['TimeStamp']))}-${textOf(third?.['id'])}`;
    expect(await aliases(client, `cursor=${cursor}`)).toEqual(['second', 'first']);
    expect(
      expectOk(await client.get(logOf('type=csv&p=-1')))
        .text.trim()
        .split('\n'),
    ).toHaveLength(6);
    for (const { id, OrgID } of listOf(first['data'])) {
      expect(expectOk(await client.get(`/api/logs/${textOf(id)}`)).json['OrgID']).toBe(OrgID);
    }
    const ofOther = listOf(first['data']).find(({ OrgID }) => textOf(OrgID) === other.id);
    expect((await traffic.admin.get(`/api/logs/${textOf(ofOther?.['id'])}`)).status).toBe(404);
  });

  it('goes on to deep pages over all of them', async () => {
    const many = Array.from({ length: 12 }, (_, index): Fields =>
      traffic.hit(`2027-01-15T0${index % 2}:${10 + index}:00Z`, {
        ...(index % 3 === 0 ? { OrgID: other.id, APIID: 'elsewhere' } : {}),
        Alias: `deep ${index}`,
      }),
    );
    await traffic.push(many);
    await eventually(async () => listOf(expectOk(await client.get(logOf('p=-1'))).json['data']).length === 17);
    const ids = async (query: string): Promise<readonly string[]> =>
      listOf(expectOk(await client.get(logOf(query))).json['data']).map(({ id }) => textOf(id));
    const all = await ids('p=-1');
    expect(expectOk(await client.get(logOf('p=2'))).json['pages']).toBe(2);
    expect([...(await ids('p=1')), ...(await ids('p=2'))]).toEqual(all);
  });

  it('is asked which organisation where figures are of one alone, such as what goes on right now', async () => {
    const { status, json } = await client.get('/api/analytics/live');
    expect([status, json['Code']]).toEqual([400, 'organisation_needed']);
  });
};
