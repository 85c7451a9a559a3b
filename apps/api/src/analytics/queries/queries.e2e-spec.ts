import { Redis } from 'ioredis';
import {
  analyticsList,
  anAnalyticsRecord,
  anApiDefinition,
  anUptimeRecord,
  encodeRecord,
  eventually,
  listOf,
  numberOf,
  textOf,
  type HttpClient,
  type JsonReply,
} from '@castellan/testing';
import { ApiUnderTest, expectOk, type TestOrganisation, type TestUser } from '../../../test/api-under-test';

type Fields = Readonly<Record<string, unknown>>;

const day = '24/12/2026/24/12/2026';
const december = '1/12/2026/31/12/2026';
const second = (text: string): number => Date.parse(text) / 1_000;
const logOf = (query = ''): string =>
  `/api/logs/?start=${second('2026-12-24T00:00:00Z')}&end=${second('2026-12-24T23:59:59Z')}&${query}`;

describe('questions about traffic', () => {
  let api: ApiUnderTest;
  let redis: Redis;
  let organisation: TestOrganisation;
  let admin: HttpClient;
  let owner: TestUser;
  let [owned, other] = ['', ''];

  const push = async (records: readonly Fields[]): Promise<void> => {
    await redis.rpush(analyticsList, ...records.map((record) => encodeRecord(anAnalyticsRecord(record))));
  };
  const hit = (at: string, fields: Fields = {}): Fields => ({
    at: new Date(at),
    OrgID: organisation.id,
    APIID: owned,
    APIName: 'Owned',
    ...fields,
  });
  const rows = async (client: HttpClient, path: string): Promise<readonly JsonReply[]> =>
    listOf(expectOk(await client.get(path)).json['data']);
  const hitsOf = (found: readonly JsonReply[]): readonly number[] => found.map((row) => numberOf(row['hits']));
  const ask = async (client: HttpClient, body: Fields): Promise<JsonReply> =>
    expectOk(
      await client.post('/api/analytics/query', { from: '2026-12-24T00:00:00Z', to: '2026-12-25T00:00:00Z', ...body }),
    ).json;

  beforeAll(async () => {
    api = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '50' });
    redis = new Redis(api.config.redisUrl);
    organisation = await api.organisation();
    admin = organisation.admin.client;
    owner = await api.user(organisation.id, { owned_analytics: 'read', log: 'read' });
    const create = async (owners: readonly string[]): Promise<string> => {
      const body = { api_definition: anApiDefinition(), user_owners: owners };
      return textOf(expectOk(await admin.post('/api/apis', body)).json['ID']);
    };
    [owned, other] = [await create([owner.id]), await create([])];
    const request = Buffer.from('GET /a HTTP/1.1\r\nAuthorization: s3cr3t-key\r\n\r\nhello').toString('base64');
    await push([
      hit('2026-12-24T10:00:00Z', {
        APIKey: 'ka',
        Alias: 'anna',
        Path: '/a.b',
        Latency: { Total: 10, Upstream: 5 },
        RequestTime: 10,
        RawRequest: request,
      }),
      hit('2026-12-24T10:30:00Z', {
        APIKey: 'ka',
        Alias: 'anna',
        Path: '/a',
        Latency: { Total: 20, Upstream: 10 },
        RequestTime: 20,
      }),
      hit('2026-12-24T11:00:00Z', {
        APIKey: 'kb',
        Path: '/a',
        ResponseCode: 429,
        Latency: { Total: 0, Upstream: 0 },
        RequestTime: 0,
        Tags: ['x-tier.a'],
      }),
      hit('2026-12-24T22:30:00Z', {
        APIID: other,
        APIName: 'Other',
        APIVersion: 'v2',
        OauthID: 'client',
        IPAddress: '2001:db8::7',
        Tags: ['x-tier.a', 'edge'],
        Geo: { Country: { ISOCode: 'NL' } },
      }),
      hit('2026-12-24T23:30:00Z', {
        APIID: other,
        APIName: 'Other',
        APIVersion: 'v2',
        ResponseCode: 500,
        Method: 'POST',
      }),
      hit('2026-12-31T23:59:59Z', { APIID: other, APIVersion: 'v2' }),
      { ...hit('2026-12-24T10:00:00Z'), OrgID: 'f'.repeat(24), APIKey: 'foreign', Path: '/foreign' },
      { ...hit('2026-12-24T10:00:00Z'), OrgID: '', APIKey: 'nobody', Path: '/nobody' },
    ]);
    await eventually(async () => hitsOf(await rows(admin, `/api/usage/${december}?res=month`))[0] === 6);
  });
  afterAll(async () => {
    redis.disconnect();
    await api.stop();
  });

  describe('usage', () => {
    it('has a row for each hour, with zeros where nothing was, in Tyk’s shape', async () => {
      const found = await rows(admin, `/api/usage/${day}?res=hour&p=-1`);
      expect(hitsOf(found)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
      expect(found[10]).toMatchObject({
        id: {
          day: 24,
          month: 12,
          year: 2026,
          hour: 10,
          code: 0,
          path: '',
          key: '',
          begins: '2026-12-24T10:00:00.000Z',
        },
        hits: 2,
        success: 2,
        error: 0,
        last_hit: '2026-12-24T10:30:00.000Z',
        request_time: 15,
        latency: 15,
        upstream_latency: 7.5,
        max_latency: 20,
        min_latency: 10,
      });
      expect(found[0]).toMatchObject({ hits: 0, last_hit: '0001-01-01T00:00:00Z', latency: 0, p99: null });
      // Nothing but a refusal: there is no latency of it.
      expect(found[11]).toMatchObject({ hits: 1, error: 1, latency: 0, p50: null });
    });

    it('has the same total by the hour, the day and the month, in any zone', async () => {
      for (const tz of ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York']) {
        for (const res of ['hour', 'day', 'month']) {
          const found = await rows(admin, `/api/usage/20/12/2026/5/1/2027?res=${res}&tz=${tz}`);
          expect([tz, res, hitsOf(found).reduce((sum, hits) => sum + hits)]).toEqual([tz, res, 6]);
        }
      }
    });

    it('puts requests into the days of the zone that is asked for', async () => {
      const twoDays = '24/12/2026/25/12/2026';
      expect(hitsOf(await rows(admin, `/api/usage/${twoDays}?tz=Europe/Berlin`))).toEqual([4, 1]);
      expect(hitsOf(await rows(admin, `/api/usage/${twoDays}?tz=Asia/Kolkata`))).toEqual([3, 2]);
      expect(hitsOf(await rows(admin, `/api/usage/${twoDays}?tz=UTC`))).toEqual([5, 0]);
    });

    it('goes over the end of a year: December is month 12, and month 0 is none', async () => {
      const found = await rows(admin, '/api/usage/1/11/2026/31/1/2027?res=month');
      expect(found.map((row) => [row['id']?.['year'], row['id']?.['month'], row['hits']])).toEqual([
        [2026, 11, 0],
        [2026, 12, 6],
        [2027, 1, 0],
      ]);
      for (const wrong of ['1/12/2026/31/0/2026', '31/4/2026/1/5/2026', '30/2/2026/1/3/2026', '1/13/2026/1/1/2027']) {
        const reply = await admin.get(`/api/usage/${wrong}`);
        expect([wrong, reply.status, reply.json['Code']]).toEqual([wrong, 400, 'validation_failed']);
      }
      expect((await admin.get('/api/usage/2/1/2026/1/1/2026')).status).toBe(400);
      expect((await admin.get('/api/usage/1/1/1990/1/1/2027?res=hour')).json['Errors']).toMatchObject([
        { path: 'res' },
      ]);
    });

    it('is narrowed by API, version and tags', async () => {
      expect(hitsOf(await rows(admin, `/api/usage/${day}?api_id=${other}&api_version=v2`))).toEqual([2]);
      expect(hitsOf(await rows(admin, `/api/usage/${day}?api_version=Non+Versioned`))).toEqual([3]);
      expect(hitsOf(await rows(admin, `/api/usage/${day}?tags=x-tier.a`))).toEqual([2]);
      expect(hitsOf(await rows(admin, `/api/usage/${day}?tags=x-tier.a,edge`))).toEqual([2]);
    });

    it('lists APIs by what is asked for, and an API by version', async () => {
      const found = await rows(admin, `/api/usage/apis/${day}?by=Hits&sort=-1&p=-1`);
      expect(found.map((row) => [row['id']?.['api_id'], row['id']?.['api_name'], row['hits']])).toEqual([
        [owned, 'Owned', 3],
        [other, 'Other', 2],
      ]);
      expect(hitsOf(await rows(admin, `/api/usage/apis/${day}?by=Hits&sort=1&p=-1`))).toEqual([2, 3]);
      expect(await rows(admin, `/api/usage/apis/${other}/${day}`)).toMatchObject([
        { id: { api_version: 'v2' }, hits: 2 },
      ]);
    });

    it('comes as CSV by parameter and by Accept', async () => {
      for (const reply of [
        await admin.get(`/api/usage/${day}?res=day&type=csv`),
        await admin.get(`/api/usage/${day}?res=day`, { headers: { accept: 'text/csv' } }),
      ]) {
        expect(reply.headers.get('content-type')).toContain('text/csv');
        const lines = reply.text.trimEnd().split('\r\n');
        expect(lines).toHaveLength(2);
        expect(lines[0]?.startsWith('begins,year,month,day,hour,api_id')).toBe(true);
      }
    });
  });

  describe('activity', () => {
    it.each<[string, readonly unknown[]]>([
      [
        `/api/activity/keys/${day}?p=-1`,
        [
          ['ka', 'anna', 2],
          ['00000000', '', 2],
          ['kb', '', 1],
        ],
      ],
      [
        `/api/activity/keys/${day}?p=-1&sort=1`,
        [
          ['kb', '', 1],
          ['00000000', '', 2],
          ['ka', 'anna', 2],
        ],
      ],
    ])('by key: %s', async (path, expected) => {
      const found = (await rows(admin, path)).map((row) => [row['id']?.['key'], row['id']?.['alias'], row['hits']]);
      expect([...found].sort()).toEqual([...expected].sort());
    });

    it('of a key over time, by endpoint, and of several keys together', async () => {
      expect(hitsOf(await rows(admin, `/api/activity/keys/ka/${day}?res=day&p=-1`))).toEqual([2]);
      const endpoints = await rows(admin, `/api/activity/keys/endpoint/ka/${day}?p=-1`);
      expect(endpoints.map((row) => [row['id']?.['path'], row['id']?.['url'], row['hits']]).sort()).toEqual([
        ['/a', '/a', 1],
        ['/a.b', '/a.b', 1],
      ]);
      expect(hitsOf(await rows(admin, `/api/activity/keys/aggregate/ka,kb,/${day}?p=-1&res=day`))).toEqual([3]);
    });

    it('by endpoint, OAuth client, country, error, tag and version', async () => {
      const by = async (path: string, name: string) =>
        (await rows(admin, `/api/activity/${path}/${day}?p=-1`)).map((row) => [row['id']?.[name], row['hits']]).sort();
      expect(await by('endpoint', 'path')).toEqual([
        ['/a', 2],
        ['/a.b', 1],
        ['/a/b', 2],
      ]);
      expect(await by('oauthid', 'oauth_id')).toEqual([['client', 1]]);
      expect(await by('oauthid/endpoint/client', 'path')).toEqual([['/a/b', 1]]);
      expect(await by('oauthid/client', 'day')).toEqual([[24, 1]]);
      expect(await by('geo', 'iso_country')).toEqual([['NL', 1]]);
      expect(await by('errors', 'code')).toEqual([
        [429, 1],
        [500, 1],
      ]);
      expect(await by('tags', 'tag')).toEqual([
        ['edge', 1],
        ['x-tier.a', 2],
      ]);
      expect(await by('versions', 'api_version')).toEqual([
        ['Non Versioned', 3],
        ['v2', 2],
      ]);
      expect(hitsOf(await rows(admin, `/api/errors/count/${day}?res=day&p=-1`))).toEqual([2]);
    });

    it('gives a page of a list, and says how many there are', async () => {
      const reply = expectOk(await admin.get(`/api/activity/keys/${day}?p=2`)).json;
      expect([reply['data'], reply['pages']]).toEqual([[], 1]);
    });
  });

  describe('the log', () => {
    it('lists requests in the gateway’s names, the newest first, without messages', async () => {
      const { json } = expectOk(await admin.get(logOf()));
      const found = listOf(json['data']);
      expect(found.map((row) => row['ResponseCode'])).toEqual([500, 200, 429, 200, 200]);
      expect(found[4]).toMatchObject({
        TimeStamp: '2026-12-24T10:00:00.000Z',
        APIKey: 'ka',
        Alias: 'anna',
        RawRequest: '',
      });
      expect(json['next']).toBeNull();
    });

    it.each([
      ['errors=1', 2],
      ['status=429', 1],
      ['key=ka', 2],
      ['path=/a', 5],
      ['path=/a.', 1],
      ['path=.', 0],
      ['method=post', 1],
      ['ip=2001:DB8:0::7', 1],
      ['tag=edge', 1],
      ['alias=anna', 2],
      ['api_version=v2', 2],
      ['path=(a%2B)%2B%24', 0],
    ])('finds by %s', async (query, count) => {
      expect(listOf(expectOk(await admin.get(logOf(query))).json['data'])).toHaveLength(count);
    });

    it('decodes the messages of one request, without what is secret', async () => {
      const [found] = listOf(expectOk(await admin.get(logOf('path=/a.b'))).json['data']);
      const { json, text } = expectOk(await admin.get(`/api/logs/${textOf(found?.['id'])}`));
      expect(json['request']).toEqual({
        head: 'GET /a HTTP/1.1\r\nAuthorization: [redacted]',
        body: 'hello',
        binary: false,
        size: 51,
        truncated: false,
      });
      expect(json['response']).toBeNull();
      expect(text).not.toContain('s3cr3t');
      expect((await admin.get(`/api/logs/${'a'.repeat(24)}`)).status).toBe(404);
    });

    it('asks for both ends of the time, and says what is wrong', async () => {
      const reply = await admin.get('/api/logs/?p=0');
      expect([reply.status, listOf(reply.json['Errors']).map((error) => error['path'])]).toEqual([
        400,
        ['start', 'end'],
      ]);
      expect((await admin.get('/api/logs/?start=2&end=1')).status).toBe(400);
      expect((await admin.get(logOf('cursor=1'))).json['Errors']).toMatchObject([{ path: 'cursor' }]);
    });

    it('goes on by cursor without missing or repeating one of the same instant', async () => {
      await push(Array.from({ length: 35 }, () => hit('2026-11-11T11:11:11Z', { Path: '/same' })));
      const path = `/api/logs/?start=${second('2026-11-11T11:11:11Z')}&end=${second('2026-11-11T11:11:11Z')}`;
      await eventually(async () => {
        const { length } = listOf((await admin.get(`${path}&p=-1`)).json['data']);
        if (length !== 35) throw new Error(`${length} records`);
        return true;
      });
      const seen: string[] = [];
      for (let cursor = ''; ;) {
        const { json } = expectOk(await admin.get(`${path}${cursor === '' ? '' : `&cursor=${cursor}`}`));
        seen.push(...listOf(json['data']).map((row) => textOf(row['id'])));
        const next: unknown = json['next'];
        if (next === null) break;
        cursor = textOf(next);
      }
      expect([seen.length, new Set(seen).size]).toEqual([35, 35]);
      const csv = expectOk(await admin.get(`${path}&p=-1&type=csv`)).text;
      expect(csv.trimEnd().split('\r\n')).toHaveLength(36);
    });
  });

  describe('the query of one’s own making', () => {
    it('groups, measures, sorts, and says where the figures are from', async () => {
      const reply = await ask(admin, {
        groupBy: ['key'],
        metrics: ['hits', 'errors', 'latency_p50', 'latency_mean', 'latency_max'],
        filters: { api: [owned] },
      });
      expect(reply).toMatchObject({
        source: 'aggregates',
        truncated: false,
        data: [
          {
            begins: null,
            key: 'ka',
            label: 'anna',
            hits: 2,
            errors: 0,
            latency_p50: 10,
            latency_mean: 15,
            latency_max: 20,
          },
          { key: 'kb', hits: 1, errors: 1, latency_p50: null, latency_mean: null, latency_max: null },
        ],
      });
      expect(await ask(admin, { groupBy: ['key'], top: 1 })).toMatchObject({ truncated: true });
    });

    it('answers the same from the sums and from the records', async () => {
      const metrics = ['hits', 'errors', 'success', 'latency_p95', 'upstream_latency_mean', 'content_length'];
      for (const groupBy of [[], ['api'], ['key'], ['path'], ['key', 'path'], ['country'], ['tag']]) {
        const sums = await ask(admin, { groupBy, metrics });
        // Of 24 hours that begin a second later there are no sums; none of the requests lies between.
        const records = await ask(admin, { groupBy, metrics, from: '2026-12-24T00:00:01Z' });
        expect([sums['source'], records['source']]).toEqual(['aggregates', 'records']);
        const known = listOf(records['data']).filter((row) => JSON.stringify(row['country']) !== '""');
        expect([groupBy, listOf(sums['data'])]).toEqual([groupBy, known]);
      }
    });

    it('counts different keys and addresses', async () => {
      const { data } = await ask(admin, { metrics: ['unique_keys', 'unique_ips'] });
      expect(listOf(data)).toEqual([{ begins: null, unique_keys: 2, unique_ips: 2 }]);
      const byPath = await ask(admin, { groupBy: ['path'], metrics: ['hits', 'unique_keys'] });
      expect(byPath['source']).toBe('records');
    });

    it('gives a row for each stretch of time', async () => {
      const { data } = await ask(admin, { interval: 'hour', from: '2026-12-24T10:00:00Z', to: '2026-12-24T12:00:00Z' });
      expect(listOf(data)).toEqual([
        { begins: '2026-12-24T10:00:00.000Z', hits: 2 },
        { begins: '2026-12-24T11:00:00.000Z', hits: 1 },
      ]);
      const minutes = await ask(admin, {
        interval: 'minute',
        from: '2026-12-24T10:29:00Z',
        to: '2026-12-24T10:31:00Z',
      });
      expect(hitsOf(listOf(minutes['data']))).toEqual([0, 1]);
    });

    it.each<[Fields, string]>([
      [{ from: 'yesterday' }, 'from'],
      [{ to: '2026-12-23T00:00:00Z' }, 'from'],
      [{ groupBy: ['$where'] }, 'groupBy.0'],
      [{ metrics: ['sum'] }, 'metrics.0'],
      [{ tz: 'Europe/Nowhere' }, 'tz'],
      [{ filters: { key: { $ne: '' } } }, 'filters.key'],
      [{ filters: { key: [{ $ne: '' }] } }, 'filters.key.0'],
      [{ filters: { $where: ['1'] } }, 'filters.$where'],
      [{ limit: 1 }, 'limit'],
    ])('refuses %j and names %s', async (body, path) => {
      const reply = await admin.post('/api/analytics/query', {
        from: '2026-12-24T00:00:00Z',
        to: '2026-12-25T00:00:00Z',
        ...body,
      });
      expect([reply.status, listOf(reply.json['Errors']).map((error) => error['path'])]).toEqual([400, [path]]);
    });
  });

  it('takes nothing from a request for an operator or a pattern (CVE-2023-42283, CVE-2023-42284)', async () => {
    for (const attempt of ["' OR 1=1--", '{"$ne":""}', '$where', '.*', "1' UNION SELECT 1--"]) {
      const text = encodeURIComponent(attempt);
      for (const path of [
        `/api/usage/${day}?res=day&api_id=${text}`,
        `/api/errors/count/${day}?res=day&p=-1&api_id=${text}&api_version=${text}`,
        `/api/activity/keys/${text}/${day}?res=day`,
        `/api/activity/keys/${day}?tags=${text}&p=-1`,
      ]) {
        const found = await rows(admin, path);
        expect([path, hitsOf(found).reduce((sum, hits) => sum + hits, 0)]).toEqual([path, 0]);
      }
      expect((await admin.get(`/api/usage/${day}?res=${text}`)).status).toBe(400);
      expect(listOf(expectOk(await admin.get(logOf(`key=${text}`))).json['data'])).toEqual([]);
    }
    expect((await admin.get(`/api/usage/${day}?api_id[$ne]=x`)).status).toBe(400);
    expect((await admin.get(logOf('key=a&key=b'))).status).toBe(400);
  });

  describe('rights', () => {
    const everyRoute = (): readonly string[] => [
      ...['usage', 'usage/apis', 'errors/count', 'activity/keys', 'activity/endpoint', 'activity/oauthid'].map(
        (path) => `/api/${path}/${day}`,
      ),
      ...['geo', 'errors', 'tags', 'versions', 'keys/ka', 'keys/endpoint/ka', 'keys/aggregate/ka,kb'].map(
        (path) => `/api/activity/${path}/${day}`,
      ),
      `/api/uptime/${day}`,
      logOf('p=-1'),
    ];

    it('are needed for every route', async () => {
      const nobody = (await api.user(organisation.id, { apis: 'write' })).client;
      for (const path of [...everyRoute(), '/api/analytics/live', `/api/logs/${'a'.repeat(24)}`]) {
        expect([path, (await nobody.get(path)).status]).toEqual([path, 403]);
        expect([path, (await api.anonymous.get(path)).status]).toEqual([path, 401]);
      }
      const body = { from: '2026-12-24T00:00:00Z', to: '2026-12-25T00:00:00Z' };
      expect((await nobody.post('/api/analytics/query', body)).status).toBe(403);
      expect((await api.anonymous.post('/api/analytics/query', body)).status).toBe(401);
    });

    it('to owned figures show those of owned APIs alone', async () => {
      expect(hitsOf(await rows(owner.client, `/api/usage/${day}?res=day`))).toEqual([3]);
      expect(hitsOf(await rows(owner.client, `/api/usage/apis/${day}?p=-1`))).toEqual([3]);
      expect(await rows(owner.client, `/api/activity/geo/${day}?p=-1`)).toEqual([]);
      expect(hitsOf(await rows(owner.client, `/api/activity/tags/${day}?p=-1`))).toEqual([1]);
      expect(hitsOf(listOf((await ask(owner.client, {}))['data']))).toEqual([3]);
      for (const refused of [
        await owner.client.get(`/api/usage/${day}?api_id=${other}`),
        await owner.client.get(`/api/usage/apis/${other}/${day}`),
        await owner.client.post('/api/analytics/query', {
          from: '2026-12-24T00:00:00Z',
          to: '2026-12-25T00:00:00Z',
          filters: { api: [owned, other] },
        }),
      ]) {
        expect([refused.status, refused.json['Message']]).toEqual([
          403,
          'User does not have access to the API with ID.',
        ]);
      }
    });

    it('promise 6: never reach into another organisation, nor to records of none', async () => {
      const stranger = (await api.organisation()).admin.client;
      for (const path of everyRoute()) {
        const { json, text } = expectOk(
          await stranger.get(
            `${path}${path.includes('?') ? '&' : '?'}${path.includes('uptime') ? '' : 'p=-1'}`.replace(
              'p=-1&p=-1',
              'p=-1',
            ),
          ),
        );
        expect([
          path,
          listOf(json['data'])
            .map((row) => row['hits'] ?? 0)
            .filter((hits) => Number(hits) > 0),
        ]).toEqual([path, []]);
        expect(text).not.toContain('ka"');
      }
      const [found] = listOf(expectOk(await admin.get(logOf('path=/a.b'))).json['data']);
      expect((await stranger.get(`/api/logs/${textOf(found?.['id'])}`)).status).toBe(404);
      const everything = expectOk(await admin.get(logOf('p=-1'))).text;
      expect(everything).not.toContain('/foreign');
      expect(everything).not.toContain('/nobody');
    });
  });

  it('streams the last minute, second by second', async () => {
    await push([hit(new Date().toISOString(), { Path: '/now' })]);
    const abort = new AbortController();
    const response = await fetch(`${api.url}/api/analytics/live`, {
      headers: { authorization: organisation.admin.accessKey },
      signal: abort.signal,
    });
    expect([response.status, response.headers.get('x-accel-buffering')]).toEqual([200, 'no']);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const found = await eventually(async () => {
      text += (await reader?.read())?.value ?? '';
      const data = [...text.matchAll(/^data: (.+)$/gm)].at(-1)?.[1] ?? '{}';
      const { seconds = [] } = JSON.parse(data) as { seconds?: { hits: number }[] };
      return seconds.some(({ hits }) => hits > 0) ? seconds : null;
    });
    abort.abort();
    expect(found).toHaveLength(60);
    expect(found.reduce((sum, { hits }) => sum + hits, 0)).toBe(1);
  });

  it('says by time how available an upstream was', async () => {
    const at = (minute: number): Date => new Date(Date.parse('2026-10-01T00:00:00Z') + minute * 60_000);
    const checks = [
      ...Array.from({ length: 60 }, (_, minute) =>
        anUptimeRecord({ at: at(minute), ExpireAt: [4_949_263_408, 0], OrgID: organisation.id, APIID: owned }),
      ),
      ...Array.from({ length: 12 }, (_, five) =>
        anUptimeRecord({
          at: at(60 + five * 5),
          ExpireAt: [4_949_263_408, 0],
          OrgID: organisation.id,
          APIID: owned,
          ResponseCode: 521,
          TCPError: true,
        }),
      ),
      anUptimeRecord({ at: at(120), ExpireAt: [4_949_263_408, 0], OrgID: organisation.id, APIID: owned }),
    ];
    await redis.rpush('host-checker:tyk-uptime-analytics', ...checks.map((check) => encodeRecord(check)));
    const path = '/api/uptime/1/10/2026/1/10/2026';
    const [found] = await eventually(async () => {
      const listed = await rows(admin, path);
      return listed[0]?.['checks'] !== undefined && numberOf(listed[0]['checks']) === 73 ? listed : null;
    });
    // An hour up, an hour down, and ten minutes that the last check holds.
    expect(found).toMatchObject({ checks: 73, failed: 12, outages: 1, up: true, availability: 53.8462 });
  });
});

describe('figures of records that tyk-pump has stored', () => {
  it('are answered from those records', async () => {
    const writer = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '50' });
    const redis = new Redis(writer.config.redisUrl);
    const database = new URL(writer.config.mongodbUri).pathname.slice(1);
    const organisation = await writer.organisation();
    const { client } = organisation.admin;
    try {
      await redis.rpush(
        analyticsList,
        encodeRecord(anAnalyticsRecord({ at: new Date('2026-12-24T10:00:00Z'), OrgID: organisation.id })),
      );
      await eventually(async () => listOf((await client.get(logOf())).json['data']).length === 1);
    } finally {
      await writer.stop();
      redis.disconnect();
    }
    const api = await ApiUnderTest.start({ DATABASE: database, ANALYTICS_PURGER: 'off' });
    try {
      const reader = api.anonymous.with({ authorization: organisation.admin.accessKey });
      const mongo = await import('mongoose');
      const connection = await mongo.createConnection(api.config.mongodbUri).asPromise();
      await connection.collection('analytics_rollups').deleteMany({});
      await connection.collection('analytics_segments').deleteMany({});
      await connection.close();
      const usage = expectOk(await reader.get(`/api/usage/${day}?res=day`)).json;
      expect(listOf(usage['data'])).toMatchObject([{ hits: 1, latency: 17 }]);
      expect(listOf(expectOk(await reader.get(`/api/activity/keys/${day}?p=-1`)).json['data'])).toMatchObject([
        { id: { key: '00000000' }, hits: 1 },
      ]);
    } finally {
      await api.stop();
    }
  });
});
