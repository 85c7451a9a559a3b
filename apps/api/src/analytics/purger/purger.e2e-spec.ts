import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import { mongo, type Connection } from 'mongoose';
import type { RollupKind, RollupUnit } from '@castellan/analytics';
import {
  analyticsList,
  anAnalyticsRecord,
  anUptimeRecord,
  encodeRecord,
  eventually,
  listOf,
  numberOf,
  someTraffic,
} from '@castellan/testing';
import { recount, said, type Counted } from '../../../test/analytics/recount';
import { storedSums } from '../../../test/analytics/stored-sums';
import { ApiUnderTest, expectOk, type TestOrganisation } from '../../../test/api-under-test';

type Fields = Readonly<Record<string, unknown>>;

/** Of an hour that is over, so that its sums are merged at once. */
const aRecord = (fields: Fields): Fields => anAnalyticsRecord({ at: new Date(Date.now() - 2 * 3_600_000), ...fields });

/** Records of the recount; `CASTELLAN_TEST_RECORDS=100000 npm run test:e2e -- purger.e2e` takes more, and minutes. */
const some = Number(process.env['CASTELLAN_TEST_RECORDS'] ?? '200');

/** How long they may take on a busy machine, in milliseconds. */
const deadlineMs = 120_000 + some * 10;

/** Records in one transaction: many that are small, unless there are very many. */
const batch = some > 1_000 ? 2_000 : 100;

const lists = [analyticsList, ...Array.from({ length: 10 }, (_, shard) => `${analyticsList}_${shard}`)];
/** A record in Protocol Buffers: a time, an organisation and a code. */
const protobufRecord = (orgId: string): Buffer =>
  Buffer.concat([
    Buffer.from([0x58, 0xc8, 0x01, 0x6a, 0x06, 0x08, 0xff, 0xcc, 0x9e, 0xd8, 0x06, 0x8a, 0x01, 0x18]),
    Buffer.from(orgId),
  ]);

describe('the analytics purger', () => {
  let api: ApiUnderTest;
  let redis: Redis;
  let organisation: TestOrganisation;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '50', ANALYTICS_BATCH: String(batch) });
    redis = new Redis(api.config.redisUrl);
  });
  afterAll(async () => {
    redis.disconnect();
    await api.stop();
  });
  beforeEach(async () => {
    organisation = await api.organisation();
  });

  const database = (): mongo.Db =>
    api.app.get<Connection>(getConnectionToken()).getClient().db(new URL(api.config.mongodbUri).pathname.slice(1));
  const collection = (name: string): mongo.Collection => database().collection(name);
  const push = (list: string, ...records: readonly (Buffer | Fields)[]): Promise<number> =>
    redis.rpush(list, ...records.map((record) => (Buffer.isBuffer(record) ? record : encodeRecord(record))));
  const stored = (orgId = organisation.id): Promise<number> =>
    collection('tyk_analytics').countDocuments({ orgid: orgId });
  const hits = async (kind: RollupKind = 'total', unit: RollupUnit = 'hour'): Promise<number> => {
    const orgId = organisation.id;
    const rows = await storedSums(database(), { orgId, kind, unit });
    return rows.reduce((sum, row) => sum + row.measures.hits, 0);
  };
  const arrives = (count: number, orgId = organisation.id): Promise<boolean> =>
    eventually(async () => (await stored(orgId)) === count, { describe: `${count} records`, deadlineMs });
  const waiting = async (): Promise<unknown> =>
    (await api.anonymous.get('/health/ready')).json['details']?.['analytics'];
  /** Everything is stored, and merged into the rollups. */
  const idle = (): Promise<boolean> =>
    eventually(
      async () =>
        (await redis.keys('castellan:analytics:*')).length === 0 &&
        (await collection('analytics_pending').countDocuments()) === 0,
      { describe: 'everything to be merged', deadlineMs },
    );

  it('stores each record of every list once, in the form that tools know, and nothing stays in Redis', async () => {
    for (const list of lists) {
      await push(list, aRecord({ OrgID: organisation.id }));
      await push(`${list}_protobuf`, protobufRecord(organisation.id));
    }
    await arrives(22);
    await idle();
    for (const list of lists) expect(await redis.exists(list, `${list}_protobuf`)).toBe(0);
    expect(await hits()).toBe(22);
    const document = await collection('tyk_analytics').findOne({ orgid: organisation.id, host: { $ne: '' } });
    expect(Object.keys(document ?? {})).toEqual([
      ...['_id', 'method', 'host', 'path', 'rawpath', 'contentlength', 'useragent', 'day', 'month', 'year', 'hour'],
      ...['responsecode', 'apikey', 'timestamp', 'apiversion', 'apiname', 'apiid', 'orgid', 'oauthid', 'requesttime'],
      ...[
        'rawrequest',
        'rawresponse',
        'ipaddress',
        'geo',
        'network',
        'latency',
        'tags',
        'alias',
        'trackpath',
        'expireAt',
      ],
    ]);
    // What the record says itself, where the organisation says nothing.
    const [expires, made] = [document?.['expireAt'] as Date, document?.['timestamp'] as Date];
    expect(expires.getTime() - made.getTime()).toBe(100 * 365 * 86_400_000);
    const indexes = await collection('tyk_analytics').indexInformation();
    expect(Object.keys(indexes).sort()).toEqual([
      ...['_id_', 'apiid_1', 'castellanRequests', 'expireAt_1', 'logBrowserIndex', 'orgid_1'],
    ]);
  });

  it('stores what the host checker found', async () => {
    await push('host-checker:tyk-uptime-analytics', anUptimeRecord({ OrgID: organisation.id, ResponseCode: 503 }));
    const uptime = collection('tyk_uptime_analytics');
    const found = await eventually(() => uptime.findOne({ orgid: organisation.id }));
    expect(found).toMatchObject({ url: 'http://127.0.0.1:40865/up', responsecode: 503, tcperror: false });
    expect(found['expireAt']).toBeInstanceOf(Date);
  });

  it('keeps equal records apart, however often they come', async () => {
    const record = encodeRecord(aRecord({ OrgID: organisation.id }));
    await push(analyticsList, record, record, record);
    await arrives(3);
    await push(analyticsList, record);
    await arrives(4);
    await idle();
    expect(await hits()).toBe(4);
  });

  it('stores records, their sums and how far the batch is together or not at all, and only then lets go of the batch', async () => {
    const insert = jest.spyOn(mongo.Collection.prototype, 'insertMany').mockImplementation(function (
      this: mongo.Collection,
    ) {
      return Promise.reject(new Error(`${this.collectionName} is out of order`));
    });
    try {
      await push(analyticsList, ...Array.from({ length: 3 }, () => aRecord({ OrgID: organisation.id })));
      await eventually(() => Promise.resolve(insert.mock.calls.length >= 3), { describe: 'some attempts' });
      expect(await waiting()).toMatchObject({ waiting: 3, problem: 'Error' });
      const [key = ''] = await redis.keys('castellan:analytics:*');
      expect([await stored(), await hits(), await redis.llen(key)]).toEqual([0, 0, 3]);
      const [note] = await database().collection<{ _id: string }>('analytics_batches').find({ _id: key }).toArray();
      expect(note).toMatchObject({ done: 0, total: 3 });
    } finally {
      insert.mockRestore();
    }
    await arrives(3);
    await idle();
    expect(await hits()).toBe(3);
  });

  it('takes away that a list expires, when it takes it', async () => {
    // A batch that a purger took and never came to store; found because a search is the first thing a new one does.
    await push(analyticsList, ...Array.from({ length: 50 }, () => aRecord({ OrgID: organisation.id })));
    await redis.expire(analyticsList, 60);
    await arrives(50);
    expect(await redis.ttl(analyticsList)).toBe(-2);
  });

  it('sets aside what it cannot read, with the reason, and goes on', async () => {
    const record = aRecord({ OrgID: organisation.id });
    const cut = encodeRecord(record).subarray(0, 100);
    const before = await collection('analytics_dead_letters').countDocuments();
    await push(analyticsList, record, Buffer.alloc(0), record, Buffer.from('no record'), record, cut);
    await arrives(3);
    const letters = await collection('analytics_dead_letters').find().skip(before).toArray();
    expect(letters).toHaveLength(3);
    expect(letters.map((letter) => letter['reason'] as string)).toEqual(
      expect.arrayContaining(['Empty', 'Cut off']) as unknown,
    );
    const bytes = letters.find((letter) => letter['size'] === 100)?.['bytes'] as mongo.Binary;
    expect(Buffer.from(bytes.buffer).equals(cut)).toBe(true);
    const { text } = await api.anonymous.get('/metrics');
    expect(text).toMatch(/castellan_analytics_records_total\{outcome="unreadable",service="api"\} [1-9]/);
  });

  it('sets aside a record that is larger than MongoDB takes, and stores those beside it', async () => {
    const record = aRecord({ OrgID: organisation.id });
    const before = await collection('analytics_dead_letters').countDocuments();
    await push(analyticsList, record, { ...record, Path: `/${'x'.repeat(17 * 1024 * 1024)}` }, record);
    await arrives(2);
    await idle();
    const letters = await collection('analytics_dead_letters').find().skip(before).toArray();
    expect(letters.map(({ reason }) => reason as string)).toEqual([expect.stringContaining('MongoDB refused it')]);
    expect(await stored()).toBe(2);
  });

  it('cuts a recording of 27 MB to what is kept of messages, says how long it was, and stores those beside it whole', async () => {
    const recording = (bytes: number): string =>
      Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(bytes)}`).toString('base64');
    const record = aRecord({ OrgID: organisation.id, RawResponse: recording(1_000) });
    const large = { ...record, Path: '/large', RawResponse: recording(20_000_000) };
    await push(analyticsList, record, large, record);
    await arrives(3);
    await idle();
    const kept = await collection('tyk_analytics').find({ orgid: organisation.id }).toArray();
    const sizes = kept.map(({ path, rawresponse, cut }): unknown => [
      path,
      Buffer.from(String(rawresponse), 'base64').length,
      cut,
    ]);
    expect(sizes).toEqual(
      expect.arrayContaining([
        ['/a/b', 1_019, undefined],
        ['/large', api.config.analyticsMessageLimit, { rawresponse: 20_000_019 }],
      ]),
    );
    expect(await hits()).toBe(3);
  });

  const addsUp = async (): Promise<void> => {
    const traffic = someTraffic(some, organisation.id, new Date('2026-11-19T22:30:00Z'), 3 * 3_600_000);
    for (let at = 0; at < some; at += batch / 2) await push(analyticsList, ...traffic.slice(at, at + batch / 2));
    // Counting so many records over and over would be most of the work.
    await eventually(async () => (await redis.exists(analyticsList)) === 0, {
      describe: 'the list to be taken',
      deadlineMs,
    });
    await idle();
    const records = await collection('tyk_analytics').find<Counted>({ orgid: organisation.id }).toArray();
    expect(records).toHaveLength(some);
    expect(said(await storedSums(database(), { orgId: organisation.id }))).toEqual(recount(records));
  };
  it(`adds up ${some} records as a recount of them does, field by field`, addsUp, 2 * deadlineMs);

  it('stores once what two purgers take turns in, and what one left half done', async () => {
    const other = await ApiUnderTest.start({
      DATABASE: new URL(api.config.mongodbUri).pathname.slice(1),
      ANALYTICS_PURGE_MS: '50',
      ANALYTICS_BATCH: '50',
    });
    try {
      for (let round = 0; round < 6; round += 1) {
        await push(analyticsList, ...Array.from({ length: 100 }, () => aRecord({ OrgID: organisation.id })));
        // The one that has the lease loses it, as if it had been paused; both then have the same batches in hand.
        await redis.del('castellan:lock:analytics purger');
      }
      await arrives(600);
      await idle();
      expect([await stored(), await hits(), await hits('key', 'day')]).toEqual([600, 600, 600]);
    } finally {
      await other.stop();
    }
  });

  it('keeps names of fields out of what callers send, whatever it is', async () => {
    const odd = ['/a\0b', '/v1.2/a.json', '/$where', '/get/(.*)', '/.', '/\ufffd', '/😀'];
    await push(
      analyticsList,
      ...odd.map((Path) => aRecord({ OrgID: organisation.id, Path, Tags: [Path, 'x\0y', 'a.b', '$x'], Alias: '\0' })),
    );
    await arrives(odd.length);
    await idle();
    const rows = await storedSums(database(), { orgId: organisation.id, kind: 'endpoint', unit: 'hour' });
    expect(rows.map(({ dimensions, measures }) => [dimensions.path, measures.hits]).sort()).toEqual(
      odd.map((path) => [path, 1]).sort(),
    );
  });

  it('heeds what the organisation wants kept of addresses, headers and time', async () => {
    const settings = {
      analytics: { addresses: 'truncate', drop_query: true, redact_headers: ['X-Tenant'], retention_days: 7 },
    };
    const strict = await api.organisation(settings);
    const request = 'GET /a?b=1 HTTP/1.1\r\nX-Tenant: seven\r\nAuthorization: s3cr3t\r\n\r\n';
    const record = {
      OrgID: strict.id,
      IPAddress: '[2001:db8:1:2::7]:99',
      RawRequest: Buffer.from(request).toString('base64'),
    };
    await push(analyticsList, aRecord(record));
    await arrives(1, strict.id);
    const document = await collection('tyk_analytics').findOne({ orgid: strict.id });
    expect(document?.['ipaddress']).toBe('2001:db8:1::');
    const text = Buffer.from(String(document?.['rawrequest']), 'base64').toString();
    expect(text).toBe('GET /a HTTP/1.1\r\nX-Tenant: [redacted]\r\nAuthorization: [redacted]\r\n\r\n');
    const expireAt = (document?.['expireAt'] as Date).getTime();
    expect(Math.abs(expireAt - Date.now() - 7 * 86_400_000)).toBeLessThan(600_000);
  });

  it('keeps nothing of what the organisation wants left out, and counts it', async () => {
    const leave_out = { api_ids: ['secret-api'], key_hashes: ['secret-key'], paths: ['/health'] };
    const strict = await api.organisation({ analytics: { leave_out } });
    const counted = async (): Promise<number> => {
      const { text } = await api.anonymous.get('/metrics');
      return Number(/castellan_analytics_records_total\{[^}]*"left_out"[^}]*\} (\d+)/.exec(text)?.[1] ?? '0');
    };
    const before = await counted();
    const hits = [{}, { APIID: 'secret-api' }, { APIKey: 'secret-key' }, { Path: '/health/live' }];
    await push(analyticsList, ...hits.map((hit) => aRecord({ OrgID: strict.id, ...hit })));
    await arrives(1, strict.id);
    await idle();
    expect((await counted()) - before).toBe(3);
    const rows = await storedSums(database(), { orgId: strict.id, kind: 'total', unit: 'hour' });
    expect(rows.map(({ measures }) => measures.hits)).toEqual([1]);
  });

  it('refuses settings that mean nothing, and names the field', async () => {
    const wrong = {
      analytics: { addresses: 'hash', redact_headers: ['a b'], retention_days: 0, leave_out: { paths: [''] } },
    };
    const reply = await api.admin.post('/admin/organisations', { owner_name: 'x', settings: wrong });
    expect([reply.status, listOf(reply.json['Errors']).map((error) => error['path'])]).toEqual([
      400,
      [
        'settings.analytics.addresses',
        'settings.analytics.redact_headers',
        'settings.analytics.leave_out.paths',
        'settings.analytics.retention_days',
      ],
    ]);
  });

  it('says in the report on readiness how far behind it is', async () => {
    expectOk(await api.anonymous.get('/health/ready'));
    const state = (await waiting()) as Readonly<Record<string, unknown>>;
    expect(['active', 'standby']).toContain(state['purger']);
    expect(numberOf(state['waiting'])).toBeGreaterThanOrEqual(0);
    expect(numberOf(state['lag_seconds'])).toBeGreaterThanOrEqual(0);
  });
});
