import { getConnectionToken } from '@nestjs/mongoose';
import { mongo, type Connection } from 'mongoose';
import { eventually, listOf, textOf, type JsonReply } from '@castellan/testing';
import { spyOn, type SpiedFunction } from 'jest-mock';
import { LogService } from '../../src/analytics/queries/log.service';
import { expectOk } from '../api-under-test';
import { logOf, second, type Traffic } from './traffic';

/** The log of requests. */
export const log = (traffic: Traffic): void => {
  it('lists requests in the gateway’s names, the newest first, without messages', async () => {
    const { json } = expectOk(await traffic.admin.get(logOf()));
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
    expect(listOf(expectOk(await traffic.admin.get(logOf(query))).json['data'])).toHaveLength(count);
  });

  it('decodes the messages of one request, without what is secret', async () => {
    const [found] = listOf(expectOk(await traffic.admin.get(logOf('path=/a.b'))).json['data']);
    const { json, text } = expectOk(await traffic.admin.get(`/api/logs/${textOf(found?.['id'])}`));
    expect(json['request']).toEqual({
      head: 'GET /a HTTP/1.1\r\nAuthorization: [redacted]',
      body: 'hello',
      binary: false,
      size: 51,
      truncated: false,
    });
    expect(json['response']).toBeNull();
    expect(text).not.toContain('s3cr3t');
    expect((await traffic.admin.get(`/api/logs/${'a'.repeat(24)}`)).status).toBe(404);
  });

  it('shows what went wrong of a request of GraphQL, which is answered 200, and counts it like any other', async () => {
    const time = '2026-11-13T10:00:00Z';
    const GraphQLStats = { IsGraphQL: true, OperationType: 1, HasErrors: true, RootFields: ['countries'] };
    const graph = { Path: '/graph', Tags: ['edge', 'tyk-graph-analytics'] };
    await traffic.push([traffic.hit(time, { ...graph, GraphQLStats }), traffic.hit(time, graph)]);
    const rows = (): Promise<readonly JsonReply[]> =>
      traffic.rows(traffic.admin, `/api/logs/?start=${second(time)}&end=${second(time)}`);
    await eventually(async () => (await rows()).length === 2);
    expect(new Set((await rows()).map((row) => row['GraphQLStats']))).toEqual(
      new Set([null, { OperationType: 1, HasErrors: true, RootFields: ['countries'] }]),
    );
    const { data } = await traffic.ask(traffic.admin, {
      ...{ from: '2026-11-13T00:00:00Z', to: '2026-11-14T00:00:00Z' },
      ...{ groupBy: ['tag'], metrics: ['hits', 'success'] },
    });
    expect(listOf(data)).toMatchObject([{ tag: 'edge', hits: 2, success: 2 }]);
  });

  it('asks for both ends of the time, and says what is wrong', async () => {
    const reply = await traffic.admin.get('/api/logs/?p=0');
    expect([reply.status, listOf(reply.json['Errors']).map((error) => error['path'])]).toEqual([400, ['start', 'end']]);
    expect((await traffic.admin.get('/api/logs/?start=2&end=1')).status).toBe(400);
    expect((await traffic.admin.get(logOf('cursor=1'))).json['Errors']).toMatchObject([{ path: 'cursor' }]);
  });

  it('goes on by cursor without missing or repeating one of the same instant', async () => {
    const path = `/api/logs/?start=${second('2026-11-11T11:11:11Z')}&end=${second('2026-11-11T11:11:11Z')}`;
    let expected = 0;
    const arrives = async (more: number): Promise<void> => {
      const hits = Array.from({ length: more }, () => traffic.hit('2026-11-11T11:11:11Z', { Path: '/same' }));
      await traffic.push(hits);
      expected += more;
      await eventually(async () => {
        const { length } = listOf((await traffic.admin.get(`${path}&p=-1`)).json['data']);
        if (length !== expected) throw new Error(`${length} records`);
        return true;
      });
    };
    await arrives(35);
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { json } = expectOk(await traffic.admin.get(`${path}${cursor === '' ? '' : `&cursor=${cursor}`}`));
      // What comes meanwhile is newer than all that was there, at the same instant as well.
      if (seen.length === 10) await arrives(5);
      seen.push(...listOf(json['data']).map((row) => textOf(row['id'])));
      const next: unknown = json['next'];
      if (next === null) break;
      cursor = textOf(next);
    }
    expect([seen.length, new Set(seen).size]).toEqual([35, 35]);
    const csv = expectOk(await traffic.admin.get(`${path}&p=-1&type=csv`)).text;
    expect(csv.trimEnd().split('\r\n')).toHaveLength(41);
  });

  it('shows the same by page and by cursor, however far apart the requests are', async () => {
    const [first, last] = [second('2026-07-01T00:00:00Z'), second('2026-09-30T23:59:59Z')];
    // Around the ends of the stretches in which it may be looked for, which are counted back from the end of the time.
    const ends = [0, 10, 10 * 6, 10 * 31, 10 * 3_906].map((length) => (last + 1 - length) * 1_000);
    const times = [...ends.flatMap((end) => [end - 2, end - 1, end, end + 1]), first * 1_000]
      .filter((at) => at < (last + 1) * 1_000)
      .sort((left, right) => right - left)
      .map((at) => new Date(at).toISOString());
    await traffic.push(times.map((at, index) => traffic.hit(at, { ResponseCode: index % 5 === 0 ? 503 : 200 })));
    const path = `/api/logs/?start=${first}&end=${last}`;
    const read = async (query: string): Promise<JsonReply> => expectOk(await traffic.admin.get(`${path}${query}`)).json;
    const timesOf = ({ data }: JsonReply): readonly string[] => listOf(data).map((row) => textOf(row['TimeStamp']));
    await eventually(async () => timesOf(await read('&p=-1')).length === times.length);
    expect(timesOf(await read('&p=-1'))).toEqual(times);
    const byPage = [await read(''), await read('&p=2')];
    expect([byPage[0]?.['pages'], byPage.flatMap(timesOf)]).toEqual([2, times]);
    const next = textOf(byPage[0]?.['next']);
    expect(timesOf(await read(`&cursor=${next}`))).toEqual(times.slice(10));
    const beyond = await read('&p=3');
    expect([beyond['pages'], beyond['data'], beyond['next']]).toEqual([2, [], null]);
    expect((await read('&p=1000000000'))['data']).toEqual([]);
    expect(timesOf(await read('&errors=1'))).toEqual(times.filter((_, index) => index % 5 === 0));
  });

  it('is read by an index, whatever it is searched for: pages of errors, too', async () => {
    const find = spyOn(mongo.Collection.prototype, 'find');
    const asked = new Map<string, mongo.Filter<mongo.Document>>();
    for (const query of ['', 'p=3', 'errors=1', 'errors=1&p=2', 'status=500', 'path=/a', 'tag=edge', 'alias=anna']) {
      find.mockClear();
      expectOk(await traffic.admin.get(logOf(query)));
      for (const [filter] of find.mock.calls) {
        if ('timestamp' in filter && 'orgid' in filter) asked.set(query, filter);
      }
    }
    find.mockRestore();
    const records = traffic.api.app.get<Connection>(getConnectionToken()).collection('tyk_analytics');
    expect(asked.size).toBe(8);
    for (const [query, filter] of asked) {
      const [first, second] = Object.keys(filter);
      expect([query, first, second]).toEqual([query, 'timestamp', 'orgid']);
      const explain = async (what: mongo.Filter<mongo.Document>): Promise<string> =>
        JSON.stringify(await records.find(what).sort({ timestamp: -1, _id: -1 }).explain('queryPlanner'));
      const plan = await explain(filter);
      // The embedded server follows the first condition alone, and what it explains knows nothing of that.
      const told = plan.includes('"host":"secantus"') ? await explain({ timestamp: filter['timestamp'] }) : plan;
      expect([query, told.includes('IXSCAN'), told.includes('COLLSCAN')]).toEqual([query, true, false]);
    }
  });

  it('is downloaded whole, however many there are', async () => {
    await traffic.push(Array.from({ length: 1_030 }, () => traffic.hit('2026-11-12T11:11:11Z', { Path: '/many' })));
    const at = second('2026-11-12T11:11:11Z');
    const lines = async (): Promise<readonly string[]> =>
      expectOk(await traffic.admin.get(`/api/logs/?start=${at}&end=${at}&p=-1&type=csv`))
        .text.trimEnd()
        .split('\r\n');
    await eventually(async () => (await lines()).length > 1_030, { intervalMs: 200 });
    const pages = async (asked: number): Promise<unknown> =>
      expectOk(await traffic.admin.get(`/api/logs/?start=${at}&end=${at}&p=${asked}`)).json['pages'];
    // A hundred more than the one that is asked for are counted.
    expect([await pages(1), await pages(2), await pages(99)]).toEqual([101, 102, 103]);
    const ids = (await lines()).slice(1).map((line) => line.split(',')[0]);
    expect([ids.length, new Set(ids).size]).toEqual([1_030, 1_030]);
  });

  describe('while it is downloaded', () => {
    const path = logOf('p=-1&type=csv');
    const headers = () => ({ authorization: traffic.organisation.admin.accessKey });
    let list: SpiedFunction<LogService['list']>;

    /** Every piece is really read, is as long as a whole one, and has another one after it. */
    beforeEach(() => {
      const service = traffic.api.app.get(LogService);
      const read = service.list.bind(service);
      list = spyOn(service, 'list').mockImplementation(async (context, query) => {
        const { data, pages } = await read(context, { ...query, cursor: undefined });
        const all = Array.from({ length: 1_000 }, (_, index) => data[index % data.length]).filter(
          (record) => record !== undefined,
        );
        return { data: all, pages, next: `1-${'a'.repeat(24)}` };
      });
    });
    afterEach(() => {
      list.mockRestore();
    });

    it('by somebody who reads slowly, no more is read than they take, and nothing after they have gone', async () => {
      const response = await fetch(`${traffic.api.url}${path}`, { headers: headers() });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      await reader?.read();
      /** How often it was read by the time that it is read no more. */
      const settled = async (): Promise<number> => {
        let before = -1;
        await eventually(
          () => {
            const now = list.mock.calls.length;
            const isSame = now === before;
            before = now;
            return Promise.resolve(isSame);
          },
          { intervalMs: 150 },
        );
        return before;
      };
      const waiting = await settled();
      // What sockets hold between them; each piece has 150 kB.
      expect(waiting).toBeLessThan(100);
      for (let taken = 0; taken < 4_000_000;) taken += (await reader?.read())?.value?.length ?? Infinity;
      const more = await settled();
      expect(more).toBeGreaterThan(waiting);
      await reader?.cancel();
      expect((await settled()) - more).toBeLessThanOrEqual(1);
    });

    it('and cannot be read any more, the file breaks off, and nobody takes it for a whole one', async () => {
      const read = list.getMockImplementation();
      let pieces = 0;
      list.mockImplementation((context, query) => {
        if ((pieces += 1) > 3 || read === undefined) throw new Error('MongoDB is away');
        return read(context, query);
      });
      const response = await fetch(`${traffic.api.url}${path}`, { headers: headers() });
      expect(response.status).toBe(200);
      await expect(response.text()).rejects.toThrow();
    });
  });
};
