import { eventually, listOf, textOf } from '@castellan/testing';
import { expectOk } from '../api-under-test';
import { day, hitsOf, logOf, second, type Traffic } from './traffic';

/** Who may ask, and what about. */
export const rights = (traffic: Traffic): void => {
  it('takes nothing from a request for an operator or a pattern (CVE-2023-42283, CVE-2023-42284)', async () => {
    for (const attempt of ["' OR 1=1--", '{"$ne":""}', '$where', '.*', "1' UNION SELECT 1--"]) {
      const text = encodeURIComponent(attempt);
      for (const path of [
        `/api/usage/${day}?res=day&api_id=${text}`,
        `/api/errors/count/${day}?res=day&p=-1&api_id=${text}&api_version=${text}`,
        `/api/activity/keys/${text}/${day}?res=day`,
        `/api/activity/keys/${day}?tags=${text}&p=-1`,
      ]) {
        const found = await traffic.rows(traffic.admin, path);
        expect([path, hitsOf(found).reduce((sum, hits) => sum + hits, 0)]).toEqual([path, 0]);
      }
      expect((await traffic.admin.get(`/api/usage/${day}?res=${text}`)).status).toBe(400);
      expect(listOf(expectOk(await traffic.admin.get(logOf(`key=${text}`))).json['data'])).toEqual([]);
    }
    expect((await traffic.admin.get(`/api/usage/${day}?api_id[$ne]=x`)).status).toBe(400);
    expect((await traffic.admin.get(logOf('key=a&key=b'))).status).toBe(400);
  });

  it('takes a path that is searched for as it is: no pattern is run, and none breaks the search', async () => {
    await traffic.push([traffic.hit('2026-12-22T10:00:00Z', { Path: `/${'a'.repeat(900)}!` })]);
    const log = (path: string) =>
      traffic.admin.get(
        `/api/logs/?start=${second('2026-12-22T00:00:00Z')}&end=${second('2026-12-22T23:59:59Z')}&path=${encodeURIComponent(path)}`,
      );
    const found = async (path: string): Promise<number> => listOf(expectOk(await log(path)).json['data']).length;
    await eventually(async () => (await found('/aaa')) === 1);
    for (const pattern of ['/(a+)+$', '/a.a', '/[', '^/', '/.*', '\\', '/a{1,}', '/%61']) {
      expect([pattern, await found(pattern)]).toEqual([pattern, 0]);
    }
    expect((await log('/'.repeat(257))).status).toBe(400);
  });

  it('refuses times that are none, names of objects and pages out of all bounds, and names what is wrong', async () => {
    const wrong = async (path: string): Promise<unknown> => {
      const { status, json } = await traffic.admin.get(path);
      return status === 400 ? listOf(json['Errors'])[0]?.['path'] : status;
    };
    for (const [path, parameter] of [
      ['/api/usage/NaN/12/2026/24/12/2026', 'from'],
      ['/api/usage/24/12/2026/24/12/99999', 'to'],
      ['/api/usage/24/12/0000/24/12/2026', 'from'],
      ['/api/usage/1e1/12/2026/24/12/2026', 'from'],
      ['/api/usage/-1/12/2026/24/12/2026', 'from'],
      ['/api/usage/25/12/2026/24/12/2026', 'from'],
      ['/api/usage/1/1/1970/31/12/9998?res=month', 'res'],
      ['/api/usage/1/1/1970/31/12/9999', 'to'],
      [`/api/usage/${day}?res=__proto__`, 'res'],
      [`/api/usage/${day}?tz=__proto__`, 'tz'],
      [`/api/usage/${day}?tz=Mars/Olympus`, 'tz'],
      [`/api/usage/${day}?tz=${'a/'.repeat(64)}`, 'tz'],
      [`/api/usage/${day}?by=constructor`, 'by'],
      [`/api/usage/${day}?sort=0`, 'sort'],
      [`/api/usage/${day}?type=xml`, 'type'],
      [`/api/usage/${day}?p=NaN`, 'p'],
      [`/api/usage/${day}?__proto__[x]=1`, '__proto__[x]'],
      [`/api/uptime/${day}?failures=1e9`, 'failures'],
      [`/api/uptime/31/11/2026/31/12/2026`, 'from'],
      [logOf('status=NaN'), 'status'],
      [logOf('status=1000'), 'status'],
      [logOf('ip=10.0.0.0/8'), 'ip'],
      [logOf('method=GET%00'), 'method'],
      [logOf('errors=$gte'), 'errors'],
      [logOf('cursor=9999999999999999-xyz'), 'cursor'],
      ['/api/logs/?start=1e400&end=2', 'start'],
      ['/api/logs/?start=-Infinity&end=2', 'start'],
      ['/api/logs/?start=0&end=99999999999', 'end'],
    ] as const) {
      expect([path, await wrong(path)]).toEqual([path, parameter]);
    }
    for (const path of [
      `/api/usage/apis/${day}?p=999999999999999999999`,
      '/api/usage/apis/1/1/1970/31/12/9998?p=1',
      logOf(`cursor=9999999999999999-${'f'.repeat(24)}`),
      logOf('p=-99999999999'),
      `/api/activity/keys/__proto__/${day}`,
      `/api/activity/keys/aggregate/${'k,'.repeat(300)}/${day}`,
      `/api/usage/apis/constructor/${day}`,
    ]) {
      expect([path, (await traffic.admin.get(path)).status]).toEqual([path, 200]);
    }
  });

  const everyRoute = (): readonly string[] => [
    ...['usage', 'usage/apis', 'errors/count', 'activity/keys', 'activity/endpoint', 'activity/oauthid'].map(
      (path) => `/api/${path}/${day}`,
    ),
    ...['geo', 'errors', 'tags', 'versions', 'keys/ka', 'keys/endpoint/ka', 'keys/aggregate/ka,kb'].map(
      (path) => `/api/activity/${path}/${day}`,
    ),
    ...['oauthid/client', 'oauthid/endpoint/client'].map((path) => `/api/activity/${path}/${day}`),
    `/api/usage/apis/${traffic.owned}/${day}`,
    `/api/uptime/${day}`,
    logOf('p=-1'),
  ];

  it('are needed for every route', async () => {
    const nobody = (await traffic.api.user(traffic.organisation.id, { apis: 'write' })).client;
    for (const path of [...everyRoute(), '/api/analytics/live', `/api/logs/${'a'.repeat(24)}`]) {
      expect([path, (await nobody.get(path)).status]).toEqual([path, 403]);
      expect([path, (await traffic.api.anonymous.get(path)).status]).toEqual([path, 401]);
    }
    const body = { from: '2026-12-24T00:00:00Z', to: '2026-12-25T00:00:00Z' };
    expect((await nobody.post('/api/analytics/query', body)).status).toBe(403);
    expect((await traffic.api.anonymous.post('/api/analytics/query', body)).status).toBe(401);
  });

  it('to owned figures show those of owned APIs alone', async () => {
    expect(hitsOf(await traffic.rows(traffic.owner.client, `/api/usage/${day}?res=day`))).toEqual([3]);
    expect(hitsOf(await traffic.rows(traffic.owner.client, `/api/usage/apis/${day}?p=-1`))).toEqual([3]);
    expect(await traffic.rows(traffic.owner.client, `/api/activity/geo/${day}?p=-1`)).toEqual([]);
    expect(hitsOf(await traffic.rows(traffic.owner.client, `/api/activity/tags/${day}?p=-1`))).toEqual([1]);
    expect(hitsOf(listOf((await traffic.ask(traffic.owner.client, {}))['data']))).toEqual([3]);
    for (const refused of [
      await traffic.owner.client.get(`/api/usage/${day}?api_id=${traffic.other}`),
      await traffic.owner.client.get(`/api/usage/apis/${traffic.other}/${day}`),
      await traffic.owner.client.post('/api/analytics/query', {
        from: '2026-12-24T00:00:00Z',
        to: '2026-12-25T00:00:00Z',
        filters: { api: [traffic.owned, traffic.other] },
      }),
    ]) {
      expect([refused.status, refused.json['Message']]).toEqual([403, 'User does not have access to the API with ID.']);
    }
  });

  it('to owned figures show nothing of any other API on any route, nor by any question', async () => {
    const others = [traffic.other, '"Other"', '"v2"', '"client"', '"NL"', '"edge"', '/a/b', '"code":500'];
    for (const path of everyRoute().filter((one) => !one.startsWith('/api/logs'))) {
      const { text, json } = expectOk(await traffic.owner.client.get(path));
      expect([path, others.filter((name) => text.includes(name))]).toEqual([path, []]);
      const own = await traffic.admin.get(`${path}?api_id=${traffic.owned}`);
      const hits = (rows: unknown): readonly unknown[] => listOf(rows).map((row) => [row['id'], row['hits']]);
      expect([path, hits(json['data'])]).toEqual([path, hits(expectOk(own).json['data'])]);
    }
    const dimensions = [['api', 'version'], ['key', 'path', 'code'], ['oauth'], ['tag'], ['country']];
    for (const from of ['2026-12-24T00:00:00Z', '2026-12-24T00:00:01Z']) {
      for (const groupBy of dimensions) {
        const asked = { from, groupBy, metrics: ['hits', 'unique_keys'] };
        const reply = JSON.stringify(await traffic.ask(traffic.owner.client, asked));
        expect([groupBy, others.filter((name) => reply.includes(name))]).toEqual([groupBy, []]);
      }
      const filters = { code: [500], oauth: ['client'], tag: ['edge'], country: ['NL'], version: ['v2'] };
      for (const [name, values] of Object.entries(filters)) {
        const { data } = await traffic.ask(traffic.owner.client, { from, filters: { [name]: values } });
        expect([name, hitsOf(listOf(data))]).toEqual([name, [0]]);
      }
    }
    const nothing = await traffic.api.user(traffic.organisation.id, { owned_analytics: 'read' });
    expect(hitsOf(await traffic.rows(nothing.client, `/api/usage/${day}?res=day`))).toEqual([0]);
    expect(await traffic.rows(nothing.client, `/api/usage/apis/${day}`)).toEqual([]);
    expect((await nothing.client.get(`/api/usage/${day}?api_id=${traffic.owned}`)).status).toBe(403);
    expect((await nothing.client.get(`/api/uptime/${day}?api_id=${traffic.owned}`)).status).toBe(403);
    expect((await nothing.client.get(logOf())).status).toBe(403);
  });

  it('promise 6: never reach into another organisation, nor to records of none', async () => {
    const stranger = (await traffic.api.organisation()).admin.client;
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
    const [found] = listOf(expectOk(await traffic.admin.get(logOf('path=/a.b'))).json['data']);
    expect((await stranger.get(`/api/logs/${textOf(found?.['id'])}`)).status).toBe(404);
    const everything = expectOk(await traffic.admin.get(logOf('p=-1'))).text;
    expect(everything).not.toContain('/foreign');
    expect(everything).not.toContain('/nobody');
  });
};
