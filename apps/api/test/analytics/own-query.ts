import { eventually, listOf } from '@castellan/testing';
import { hitsOf, type Fields, type Traffic } from './traffic';

const someDay = { from: '2026-12-24T00:00:00Z', to: '2026-12-25T00:00:00Z' };

/** The query of one’s own making. */
export const ownQuery = (traffic: Traffic): void => {
  it('groups, measures, sorts, and says where the figures are from', async () => {
    const reply = await traffic.ask(traffic.admin, {
      groupBy: ['key'],
      metrics: ['hits', 'errors', 'latency_p50', 'latency_mean', 'latency_max', 'gateway_latency_mean'],
      filters: { api: [traffic.owned] },
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
          gateway_latency_mean: 7.5,
        },
        { key: 'kb', hits: 1, errors: 1, latency_p50: null, latency_mean: null, latency_max: null },
      ],
    });
    expect(await traffic.ask(traffic.admin, { groupBy: ['key'], top: 1 })).toMatchObject({ truncated: true });
  });

  it('answers the same from the sums and from the records', async () => {
    const latencies = ['latency_p95', 'latency_mean', 'upstream_latency_mean', 'gateway_latency_mean'];
    const metrics = ['hits', 'errors', 'success', ...latencies, 'content_length'];
    for (const groupBy of [[], ['api'], ['key'], ['path'], ['key', 'path'], ['country'], ['tag']]) {
      const sums = await traffic.ask(traffic.admin, { groupBy, metrics });
      // Of 24 hours that begin a second later there are no sums; none of the requests lies between.
      const records = await traffic.ask(traffic.admin, { groupBy, metrics, from: '2026-12-24T00:00:01Z' });
      expect([sums['source'], records['source']]).toEqual(['aggregates', 'records']);
      const known = listOf(records['data']).filter((row) => JSON.stringify(row['country']) !== '""');
      expect([groupBy, listOf(sums['data'])]).toEqual([groupBy, known]);
    }
  });

  it('counts different keys and addresses', async () => {
    const { data } = await traffic.ask(traffic.admin, { metrics: ['unique_keys', 'unique_ips'] });
    expect(listOf(data)).toEqual([{ begins: null, ended: false, unique_keys: 2, unique_ips: 2 }]);
    const byPath = await traffic.ask(traffic.admin, { groupBy: ['path'], metrics: ['hits', 'unique_keys'] });
    expect(byPath['source']).toBe('records');
  });

  it('gives a row for each stretch of time', async () => {
    const { data } = await traffic.ask(traffic.admin, {
      interval: 'hour',
      from: '2026-12-24T10:00:00Z',
      to: '2026-12-24T12:00:00Z',
    });
    expect(listOf(data)).toEqual([
      { begins: '2026-12-24T10:00:00.000Z', ended: false, hits: 2 },
      { begins: '2026-12-24T11:00:00.000Z', ended: false, hits: 1 },
    ]);
    const minutes = await traffic.ask(traffic.admin, {
      interval: 'minute',
      from: '2026-12-24T10:29:00Z',
      to: '2026-12-24T10:31:00Z',
    });
    expect(hitsOf(listOf(minutes['data']))).toEqual([0, 1]);
  });

  it('shows the hour that goes on as it is at the moment, and that it has not ended', async () => {
    const hourMs = 3_600_000;
    const from = Math.floor(Date.now() / hourMs) * hourMs - hourMs;
    const filters = { path: ['/running'] };
    const time = { from: new Date(from).toISOString(), to: new Date(from + 3 * hourMs).toISOString() };
    const rows = async () => {
      const { data } = await traffic.ask(traffic.admin, { ...time, filters, groupBy: ['path'], interval: 'hour' });
      return listOf(data);
    };
    const ten = Array.from({ length: 10 }, () =>
      traffic.hit(new Date(Date.now() - 120_000).toISOString(), { Path: '/running' }),
    );
    for (const expected of [10, 20]) {
      await traffic.push(ten);
      const found = await eventually(async () => {
        const all = await rows();
        return hitsOf(all).reduce((sum, hits) => sum + hits, 0) === expected ? all : null;
      });
      expect(found.map((row) => row['ended'])).toContain(false);
      expect(found[0]).toMatchObject({ ended: true });
    }
  });

  it('reads the records of hours 400 days ago, of which there are sums by the day alone', async () => {
    const dayMs = 86_400_000;
    const from = Math.floor(Date.now() / dayMs) * dayMs - 410 * dayMs;
    const at = new Date(from + 10.5 * 3_600_000).toISOString();
    const path = '/long-ago';
    await traffic.push([traffic.hit(at, { Path: path }), traffic.hit(at, { Path: path, ResponseCode: 500 })]);
    const time = { from: new Date(from).toISOString(), to: new Date(from + dayMs).toISOString() };
    const asked = { ...time, filters: { path: [path] }, metrics: ['hits', 'errors'] };
    const ask = (interval: string) => traffic.ask(traffic.admin, { ...asked, interval });
    await eventually(async () => hitsOf(listOf((await ask('none'))['data']))[0] === 2);
    const [byHour, byDay] = [await ask('hour'), await ask('day')];
    expect([byHour['source'], byDay['source']]).toEqual(['records', 'aggregates']);
    expect(listOf(byHour['data'])[10]).toMatchObject({ hits: 2, errors: 1 });
    expect(hitsOf(listOf(byHour['data'])).reduce((sum, hits) => sum + hits)).toBe(2);
    expect(listOf(byDay['data'])).toMatchObject([{ hits: 2, errors: 1 }]);
  });

  it('refuses what would give more rows than one reply should have, whoever has put how much there', async () => {
    const paths = Array.from({ length: 6 }, (_, index) => `/made-up/${index}`);
    await traffic.push(paths.map((Path) => traffic.hit('2026-02-01T10:00:00Z', { Path })));
    const week = { from: '2026-02-01T00:00:00Z', to: '2026-02-07T00:00:00Z', groupBy: ['path'] };
    await eventually(async () => listOf((await traffic.ask(traffic.admin, week))['data']).length === paths.length);
    const minutes = { ...week, interval: 'minute' };
    const { status, json } = await traffic.admin.post('/api/analytics/query', minutes);
    expect([status, json['Code'], json['Message']]).toEqual([
      400,
      'limit_reached',
      expect.stringContaining('51840 rows'),
    ]);
    expect(listOf((await traffic.ask(traffic.admin, { ...minutes, top: 1 }))['data'])).toHaveLength(8_640);
  });

  it('refuses more values, and longer ones, than anybody would filter by', async () => {
    for (const [path, named] of [
      [Array.from({ length: 101 }, () => '/'), 'filters.path'],
      [['/'.repeat(1_001)], 'filters.path.0'],
    ] as const) {
      const reply = await traffic.admin.post('/api/analytics/query', { ...someDay, filters: { path } });
      expect([reply.status, listOf(reply.json['Errors'])[0]?.['path']]).toEqual([400, named]);
    }
  });

  it('does not take a name that objects have for a field', async () => {
    const body = '{"from":"2026-12-24T00:00:00Z","to":"2026-12-25T00:00:00Z","filters":{"__proto__":{"api":["x"]}}}';
    const response = await fetch(`${traffic.api.url}/api/analytics/query`, {
      method: 'POST',
      headers: { authorization: traffic.organisation.admin.accessKey, 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
    await response.body?.cancel();
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
    [{ filters: { constructor: ['x'] } }, 'filters.constructor'],
    [{ filters: { code: ['200'] } }, 'filters.code.0'],
    [{ filters: { code: [1_000] } }, 'filters.code.0'],
    [{ groupBy: ['toString'] }, 'groupBy.0'],
    [{ groupBy: ['api', 'version', 'key', 'path', 'code'] }, 'groupBy'],
    [{ top: 10_001 }, 'top'],
    [{ top: 'NaN' }, 'top'],
    [{ from: '1969-12-31T23:59:59Z' }, 'from'],
    [{ from: '0001-01-01T00:00:00Z' }, 'from'],
    [{ from: '2026-12-25T00:00:00Z' }, 'from'],
    [{ to: '9999-12-31T23:59:59-12:00' }, 'to'],
    [{ from: 'NaN' }, 'from'],
    [{ from: { $gt: '' } }, 'from'],
    [{ tz: '__proto__' }, 'tz'],
    [{ from: '1970-01-01T00:00:00Z', to: '9998-12-31T23:59:59Z', interval: 'month' }, 'interval'],
    [{ from: '2026-01-01T00:00:00Z', interval: 'minute' }, 'interval'],
    [{ limit: 1 }, 'limit'],
  ])('refuses %j and names %s', async (body, path) => {
    const reply = await traffic.admin.post('/api/analytics/query', { ...someDay, ...body });
    expect([reply.status, listOf(reply.json['Errors']).map((error) => error['path'])]).toEqual([400, [path]]);
  });
};
