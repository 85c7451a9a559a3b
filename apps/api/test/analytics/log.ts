import { eventually, listOf, textOf, type JsonReply } from '@castellan/testing';
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

  it('asks for both ends of the time, and says what is wrong', async () => {
    const reply = await traffic.admin.get('/api/logs/?p=0');
    expect([reply.status, listOf(reply.json['Errors']).map((error) => error['path'])]).toEqual([400, ['start', 'end']]);
    expect((await traffic.admin.get('/api/logs/?start=2&end=1')).status).toBe(400);
    expect((await traffic.admin.get(logOf('cursor=1'))).json['Errors']).toMatchObject([{ path: 'cursor' }]);
  });

  it('goes on by cursor without missing or repeating one of the same instant', async () => {
    await traffic.push(Array.from({ length: 35 }, () => traffic.hit('2026-11-11T11:11:11Z', { Path: '/same' })));
    const path = `/api/logs/?start=${second('2026-11-11T11:11:11Z')}&end=${second('2026-11-11T11:11:11Z')}`;
    await eventually(async () => {
      const { length } = listOf((await traffic.admin.get(`${path}&p=-1`)).json['data']);
      if (length !== 35) throw new Error(`${length} records`);
      return true;
    });
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { json } = expectOk(await traffic.admin.get(`${path}${cursor === '' ? '' : `&cursor=${cursor}`}`));
      seen.push(...listOf(json['data']).map((row) => textOf(row['id'])));
      const next: unknown = json['next'];
      if (next === null) break;
      cursor = textOf(next);
    }
    expect([seen.length, new Set(seen).size]).toEqual([35, 35]);
    const csv = expectOk(await traffic.admin.get(`${path}&p=-1&type=csv`)).text;
    expect(csv.trimEnd().split('\r\n')).toHaveLength(36);
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
};
