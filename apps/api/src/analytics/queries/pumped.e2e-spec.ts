import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import { mongo, type Connection } from 'mongoose';
import {
  analyticsList,
  encodeRecord,
  eventually,
  listOf,
  numberOf,
  someTraffic,
  textOf,
  type HttpClient,
  type JsonReply,
} from '@castellan/testing';
import { realDocuments } from '../../../../../test/fixtures/load';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';
import { AnalyticsCollections } from '../storage/collections';
import { ExpiryCheck } from '../storage/expiry-check';

/** Two hours of one day that are over. */
const from = new Date('2026-11-24T22:00:00Z');
const day = '24/11/2026/24/11/2026';
const wholeDay = { from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' };
const requests = 120;

interface Captured {
  readonly collection: string;
  readonly document: object;
}

/** Other lines have indexes. */
const isCaptured = (read: unknown): read is Captured =>
  typeof read === 'object' && read !== null && 'collection' in read && 'document' in read;

describe('what tyk-pump has stored, with our purger off', () => {
  let api: ApiUnderTest;
  let reader: HttpClient;
  let organisationId: string;
  /** Has some requests of one hour that our own purger has stored, with their sums. */
  let handedOver: TestOrganisation;

  /** Documents as tyk-pump writes them, made by our own purger, and nothing of what it writes for itself. */
  beforeAll(async () => {
    const writer = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '50', ANALYTICS_AGGREGATES: 'mixed' });
    const redis = new Redis(writer.config.redisUrl);
    const database = new URL(writer.config.mongodbUri).pathname.slice(1);
    const organisation = await writer.organisation();
    organisationId = organisation.id;
    try {
      const connection = writer.app.get<Connection>(getConnectionToken());
      await redis.rpush(analyticsList, ...someTraffic(requests, organisation.id, from, 7_200_000).map(encodeRecord));
      const aggregates = connection.collection(`z_tyk_analyticz_aggregate_${organisation.id}`);
      await eventually(async () => {
        const found = await aggregates.find<{ total: { hits: number } }>({}).toArray();
        return found.reduce((sum, { total }) => sum + total.hits, 0) === requests;
      });
      expect(await connection.collection('tyk_analytics_aggregates').countDocuments()).toBe(2);
      expect(Object.keys(await aggregates.indexInformation()).sort()).toEqual([
        ...['_id_', 'expireAt_1', 'orgid_1', 'timestamp_1'],
      ]);
      for (const own of ['analytics_sums', 'analytics_pending', 'analytics_batches']) {
        await connection.collection(own).deleteMany({});
      }
      handedOver = await writer.organisation();
      const ours = someTraffic(20, handedOver.id, new Date('2026-11-23T20:00:00Z'), 3_600_000);
      await redis.rpush(analyticsList, ...ours.map(encodeRecord));
      const records = connection.collection('tyk_analytics');
      await eventually(async () => (await records.countDocuments({ orgid: handedOver.id })) === ours.length);
    } finally {
      await writer.stop();
      redis.disconnect();
    }
    api = await ApiUnderTest.start({ DATABASE: database, ANALYTICS_PURGER: 'off' });
    reader = api.anonymous.with({ authorization: organisation.admin.accessKey });
  });
  afterAll(() => api.stop());

  const ask = async (body: Readonly<Record<string, unknown>>): Promise<JsonReply> =>
    expectOk(await reader.post('/api/analytics/query', { ...wholeDay, ...body })).json;
  const rows = async (path: string): Promise<readonly JsonReply[]> =>
    listOf(expectOk(await reader.get(path)).json['data']);
  const sum = (found: readonly JsonReply[]): number => found.reduce((all, row) => all + numberOf(row['hits']), 0);

  /** One that a pump has stored, without its id. */
  const aRecord = async (): Promise<object> => {
    const records = api.app.get<Connection>(getConnectionToken()).collection('tyk_analytics');
    return (await records.findOne({ orgid: organisationId }, { projection: { _id: 0 } })) ?? {};
  };
  /** Aggregates know the names of APIs and keys only where they are of these alone. */
  const unnamed = (row: JsonReply): object => ({ ...row, label: '' });

  it('is answered from its aggregates as it is from its records', async () => {
    const metrics = ['hits', 'errors', 'success'];
    for (const groupBy of [
      [],
      ['api'],
      ['api', 'version'],
      ['key'],
      ['path'],
      ['path', 'api'],
      ['key', 'path'],
      ['country'],
    ]) {
      const sums = await ask({ groupBy, metrics });
      // The hours before and after are not whole, so that only the records can answer.
      const records = await ask({ groupBy, metrics, from: '2026-11-24T00:00:01Z' });
      expect([sums['source'], records['source']]).toEqual(['aggregates', 'records']);
      const known = listOf(records['data']).filter((row) => JSON.stringify(row['country']) !== '""');
      expect([groupBy, listOf(sums['data']).map(unnamed)]).toEqual([groupBy, known.map(unnamed)]);
    }
    // What aggregates do not know is counted from the records.
    for (const metric of ['unique_keys', 'unique_ips', 'latency_p50', 'latency_p99']) {
      const { source, data } = await ask({ metrics: ['hits', metric] });
      const [row] = listOf(data);
      expect([source, numberOf(row?.['hits'])]).toEqual(['records', requests]);
      expect(numberOf(row?.[metric])).toBeGreaterThan(1);
    }
  });

  it('answers every route of figures', async () => {
    expect(sum(await rows(`/api/usage/${day}?res=hour`))).toBe(requests);
    for (const path of ['usage/apis', 'activity/keys', 'activity/endpoint', 'activity/versions']) {
      expect([path, sum(await rows(`/api/${path}/${day}?p=-1`))]).toEqual([path, requests]);
    }
    const errors = sum(await rows(`/api/errors/count/${day}`));
    expect(errors).toBeGreaterThan(0);
    expect(sum(await rows(`/api/activity/errors/${day}?p=-1`))).toBe(errors);
    const [key] = await rows(`/api/activity/keys/${day}?p=-1`);
    const hash = textOf(key?.['id']?.['key']);
    expect(sum(await rows(`/api/activity/keys/endpoint/${hash}/${day}?p=-1`))).toBe(numberOf(key?.['hits']));
    expect(sum(await rows(`/api/activity/keys/${hash}/${day}`))).toBe(numberOf(key?.['hits']));
    expect((await rows(`/api/activity/tags/${day}?p=-1`)).length).toBeGreaterThan(0);
    expect(sum(await rows(`/api/activity/oauthid/${day}?p=-1`))).toBe(
      sum(await rows(`/api/activity/oauthid/endpoint/client/${day}?p=-1`)),
    );
    const log = `/api/logs/?start=${from.getTime() / 1_000}&end=${from.getTime() / 1_000 + 7_200}&p=-1`;
    const all = await rows(log);
    expect(all).toHaveLength(requests);
    const counted = (is: (row: JsonReply) => boolean): number => all.filter(is).length;
    const [first] = all;
    const [api, client] = [textOf(first?.['APIID']), 'client'];
    const keys = [...new Set(all.map((row) => textOf(row['APIKey'])))].filter((one) => one !== '').slice(0, 2);
    for (const [path, hits] of [
      [`usage/apis/${api}/${day}?p=-1`, counted((row) => textOf(row['APIID']) === api)],
      [`usage/${day}?api_id=${api}`, counted((row) => textOf(row['APIID']) === api)],
      [`activity/geo/${day}?p=-1`, counted((row) => textOf(row['Geo']?.['Country']?.['ISOCode']) !== '')],
      [`activity/oauthid/${client}/${day}`, counted((row) => textOf(row['OauthID']) === client)],
      [`activity/keys/aggregate/${keys.join(',')},/${day}`, counted((row) => keys.includes(textOf(row['APIKey'])))],
    ] as const) {
      expect([path, sum(await rows(`/api/${path}`))]).toEqual([path, hits]);
    }
    const one = expectOk(await reader.get(`/api/logs/${textOf(first?.['id'])}`)).json;
    expect(one).toMatchObject({ ...first, RawRequest: expect.any(String) as unknown });
  });

  it('is asked for what goes on right now, and for how upstreams are', async () => {
    const connection = api.app.get<Connection>(getConnectionToken());
    const record = await aRecord();
    const { id, admin } = await api.organisation();
    const now = new Date();
    await connection.collection('tyk_analytics').insertOne({ ...record, orgid: id, timestamp: now });
    const check = { url: 'http://up', requesttime: 2, responsecode: 200, tcperror: false, servererror: false };
    await connection
      .collection('tyk_uptime_analytics')
      .insertOne({ ...check, timestamp: from, expireAt: new Date('2100-01-01'), apiid: 'a', orgid: id });
    const found = listOf(expectOk(await admin.client.get(`/api/uptime/${day}`)).json['data']);
    expect(found).toMatchObject([{ url: 'http://up', checks: 1, up: true, availability: 100 }]);
    const abort = new AbortController();
    const stream = await fetch(`${api.url}/api/analytics/live`, {
      headers: { authorization: admin.accessKey },
      signal: abort.signal,
    });
    const events = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    await eventually(async () => /"hits":1/.test((await events?.read())?.value ?? ''));
    abort.abort();
  });

  it('is looked for in the place where the pump puts it, also when that is another one from some moment on', async () => {
    const connection = api.app.get<Connection>(getConnectionToken());
    const collections = api.app.get(AnalyticsCollections);
    const record = await aRecord();
    const { id } = await api.organisation();
    const [shared, apart] = ['tyk_analytics', `z_tyk_analyticz_${id}`];
    const add = (name: string) => connection.collection(name).insertOne({ ...record, orgid: id });
    const places = async (): Promise<readonly string[]> =>
      (await collections.recordsToRead(id)).map(({ collection }) => collection.collectionName);
    expect(await places()).toEqual([shared]);
    // That there is nothing yet is not remembered.
    await add(apart);
    expect(await places()).toEqual([apart]);
    // A pump for both puts each record into both, and the shared one has been there for longer.
    await add(shared);
    expect(await places()).toEqual([shared]);
    await connection.collection(shared).deleteMany({ orgid: id });
    // This is remembered for a minute, and asked again then.
    expect(await places()).toEqual([shared]);
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now + 61_000);
    expect(await places()).toEqual([apart]);
    await add(shared);
    expect(await places()).toEqual([shared]);
    clock.mockRestore();
    // What is deleted with its organisation is not remembered of the next one by that name.
    const letters = connection.collection('analytics_dead_letters');
    await letters.insertMany([{ orgid: id }, { orgid: 'f'.repeat(24) }]);
    await collections.forget(id);
    for (const name of [shared, letters.collectionName]) {
      expect(await connection.collection(name).countDocuments({ orgid: id })).toBe(0);
    }
    expect((await letters.deleteMany({ orgid: 'f'.repeat(24) })).deletedCount).toBe(1);
    await add(apart);
    expect(await places()).toEqual([apart]);
    await collections.forget(id);
  });

  it('is read whole where the pump was moved from one place to another and back, by figures, log and erasure', async () => {
    const connection = api.app.get<Connection>(getConnectionToken());
    const record = await aRecord();
    const { id, admin } = await api.organisation();
    const [shared, apart] = ['tyk_analytics', `z_tyk_analyticz_${id}`];
    const at = (hour: number): Date => new Date(Date.UTC(2026, 10, 22, hour));
    const add = async (name: string, hours: readonly number[]): Promise<void> => {
      const documents = hours.map((hour) => ({
        ...record,
        orgid: id,
        timestamp: at(hour),
        path: `/${hour}`,
        alias: 'ida',
      }));
      await connection.collection(name).insertMany(documents);
    };
    await add(apart, [1, 2]);
    await add(shared, [3, 4, 5]);
    await add(apart, [6, 7]);
    const hours = [7, 6, 5, 4, 3, 2, 1];
    const log = `/api/logs?start=${at(0).getTime() / 1_000}&end=${at(23).getTime() / 1_000}`;
    const read = async (query: string): Promise<JsonReply> => expectOk(await admin.client.get(`${log}${query}`)).json;
    const paths = ({ data }: JsonReply): readonly string[] => listOf(data).map((row) => textOf(row['Path']));
    const all = await read('&p=-1');
    expect(paths(all)).toEqual(hours.map((hour) => `/${hour}`));
    expect(
      expectOk(await admin.client.get(`${log}&p=-1&type=csv`))
        .text.trimEnd()
        .split('\r\n'),
    ).toHaveLength(8);
    for (const [index, row] of listOf(all['data']).entries()) {
      expectOk(await admin.client.get(`/api/logs/${textOf(row['id'])}`));
      const cursor = `${at(hours[index] ?? 0).getTime()}-${textOf(row['id'])}`;
      expect(paths(await read(`&cursor=${cursor}`))).toEqual(hours.slice(index + 1).map((hour) => `/${hour}`));
    }
    const body = { from: at(0).toISOString(), to: at(23).toISOString(), interval: 'hour' };
    const byHour = expectOk(await admin.client.post('/api/analytics/query', body)).json;
    expect(
      listOf(byHour['data'])
        .map((row) => numberOf(row['hits']))
        .slice(0, 9),
    ).toEqual([0, 1, 1, 1, 1, 1, 1, 1, 0]);
    // A pump for both: what is in both counts once, and who is forgotten is so in both.
    await add(apart, [3, 4, 5]);
    expect(paths(await read('&p=-1'))).toHaveLength(7);
    expect(expectOk(await admin.client.post('/api/analytics/erase', { alias: 'ida' })).json).toMatchObject({
      records: 10,
    });
    for (const name of [shared, apart]) {
      expect(await connection.collection(name).countDocuments({ orgid: id, alias: 'ida' })).toBe(0);
    }
  });

  it('may be records that do not say when they expire: that there are some is said, and they stay', async () => {
    const connection = api.app.get<Connection>(getConnectionToken());
    const check = api.app.get(ExpiryCheck);
    const gauge = async (): Promise<string | undefined> =>
      /^castellan_analytics_never_expiring_records\{.*\} (\d+)$/m.exec((await api.anonymous.get('/metrics')).text)?.[1];
    const { expireAt, ...imported } = { expireAt: null, ...(await aRecord()) };
    expect(expireAt).toBeInstanceOf(Date);
    await check.check();
    expect(await gauge()).toBe('0');
    const orgid = 'f'.repeat(24);
    const names = ['tyk_analytics', 'tyk_uptime_analytics', `z_tyk_analyticz_${orgid}`];
    for (const name of names) await connection.collection(name).insertOne({ ...imported, orgid });
    await check.check();
    expect(await gauge()).toBe('3');
    for (const name of names) expect((await connection.collection(name).deleteMany({ orgid })).deletedCount).toBe(1);
  });

  it('is added to what our purger has stored, where one took over from the other', async () => {
    const connection = api.app.get<Connection>(getConnectionToken());
    const { id } = handedOver;
    const admin = api.anonymous.with({ authorization: handedOver.admin.accessKey });
    const theDay = { from: '2026-11-23T00:00:00Z', to: '2026-11-24T00:00:00Z', interval: 'hour' };
    const redis = new Redis(api.config.redisUrl);
    const aggregates = connection.collection(`z_tyk_analyticz_aggregate_${id}`);
    const byHour = async (): Promise<unknown> => {
      const { source, data } = expectOk(await admin.post('/api/analytics/query', theDay)).json;
      const hits = listOf(data).map((row) => numberOf(row['hits']));
      return [source, [17, 18, 19, 20, 21, 22, 23].map((hour) => hits[hour])];
    };
    try {
      expect(await byHour()).toEqual(['records', [0, 0, 0, 20, 0, 0, 0]]);
      const total = { hits: 5, success: 4, errortotal: 1 };
      for (const hour of [18, 22]) {
        const timestamp = new Date(`2026-11-23T${hour}:00:00Z`);
        await aggregates.insertOne({ orgid: id, timestamp, expireAt: new Date('2100-01-01'), total });
      }
      expect(await byHour()).toEqual(['records', [0, 5, 0, 20, 0, 5, 0]]);
      // What both have stored of an hour is in the records alone.
      const records = connection.collection('tyk_analytics');
      const some = await records
        .find({ orgid: id }, { projection: { _id: 0 } })
        .limit(3)
        .toArray();
      await records.insertMany(some);
      expect(await byHour()).toEqual(['records', [0, 5, 0, 23, 0, 5, 0]]);
      // While a purger of ours is at work, nobody has taken over from it.
      await redis.set('castellan:lock:analytics purger', 'somebody', 'PX', 60_000);
      expect(await byHour()).toEqual(['records', [0, 5, 0, 23, 0, 0, 0]]);
    } finally {
      await redis.del('castellan:lock:analytics purger');
      redis.disconnect();
    }
  });

  it('is answered from the records where a pump keeps no aggregates', async () => {
    const connection = api.app.get<Connection>(getConnectionToken());
    await connection.collection('tyk_analytics_aggregates').deleteMany({});
    await connection.collection(`z_tyk_analyticz_aggregate_${organisationId}`).deleteMany({});
    expect((await ask({}))['source']).toBe('records');
    expect(sum(await rows(`/api/usage/${day}?res=hour`))).toBe(requests);
  });

  it('is for a super user of all organisations together, wherever the records of each are', async () => {
    const connection = api.app.get<Connection>(getConnectionToken());
    const { id } = await api.organisation();
    const some = await connection.collection('tyk_analytics').find({ orgid: organisationId }).limit(30).toArray();
    const theirs = some.map((record) => ({ ...record, _id: new mongo.ObjectId(), orgid: id }));
    await connection.collection(`z_tyk_analyticz_${id}`).insertMany(theirs);
    const { client } = await api.superUser();
    const log = `/api/logs?start=${from.getTime() / 1_000}&end=${from.getTime() / 1_000 + 7_200}`;
    const idsAt = async (query: string): Promise<readonly string[]> =>
      listOf(expectOk(await client.get(`${log}&${query}`)).json['data']).map((row) => textOf(row['id']));
    const all = await idsAt('p=-1');
    expect(new Set(all).size).toBe(requests + 30);
    const { json } = expectOk(await client.get(`${log}&p=7`));
    expect(json['pages']).toBe((requests + 30) / 10);
    const times = listOf(json['data']).map((row) => textOf(row['TimeStamp']));
    expect(times).toEqual(times.toSorted().toReversed());
    for (const page of [1, 7, 15]) expect(await idsAt(`p=${page}`)).toEqual(all.slice((page - 1) * 10, page * 10));
    const figures = listOf(expectOk(await client.get(`/api/usage/${day}?res=hour`)).json['data']);
    expect(sum(figures)).toBe(requests + 30);
    expect(sum(await rows(`/api/usage/${day}?res=hour`))).toBe(requests);
  });

  it('may be documents that a real tyk-pump has written, where such captures are at hand', async () => {
    const { id, admin } = await api.organisation();
    const connection = api.app.get<Connection>(getConnectionToken());
    // In MongoDB's extended JSON; the organisation is another one there.
    const captured = realDocuments('redis/pump/v1.14.0-documents.jsonl').flatMap(({ text }) => {
      const read: unknown = mongo.BSON.EJSON.parse(text.replaceAll('5c4fed5c040adb18bab6d0df', id));
      return isCaptured(read) ? [read] : [];
    });
    for (const { collection, document } of captured) await connection.collection(collection).insertOne(document);
    const inCollection = (name: string): readonly Readonly<Record<string, unknown>>[] =>
      captured.filter(({ collection }) => collection === name).map(({ document }) => ({ ...document }));
    const records = inCollection('tyk_analytics');
    const totals = inCollection(`z_tyk_analyticz_aggregate_${id}`).map((document) => document['total'] as JsonReply);
    // The captures are some of the records that the sums are of. From a second on there are no sums, only records.
    const asked = [
      ['2026-11-26T00:00:00Z', sum(totals), totals.reduce((all, total) => all + numberOf(total['errortotal']), 0)],
      [
        '2026-11-26T00:00:01Z',
        records.length,
        records.filter((record) => numberOf(record['responsecode']) >= 400).length,
      ],
    ] as const;
    for (const [from, hits, errors] of captured.length === 0 ? [] : asked) {
      const body = { from, to: '2026-11-27T00:00:00Z', metrics: ['hits', 'errors'] };
      const reply = expectOk(await admin.client.post('/api/analytics/query', body)).json;
      expect(listOf(reply['data'])).toMatchObject([{ hits, errors }]);
    }
    const log = '/api/logs/?start=1795651200&end=1795737599&p=-1';
    expect(listOf(expectOk(await admin.client.get(log)).json['data'])).toHaveLength(records.length);
  });
});
