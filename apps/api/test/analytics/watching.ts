import { eventually, numberOf, anUptimeRecord, encodeRecord } from '@castellan/testing';
import { spyOn } from 'jest-mock';
import { AnalyticsCollections } from '../../src/analytics/storage/collections';
import { SecretWatch } from '../secret-watch';
import type { Traffic } from './traffic';

const sumOf = (seconds: readonly { readonly hits: number }[]): number =>
  seconds.reduce((sum, { hits }) => sum + hits, 0);

/** What goes on right now, and how upstreams are. */
export const watching = (traffic: Traffic): void => {
  /** The last minute, as somebody sees it once so many requests are in it. */
  const minuteOf = async (authorization: string, expected: number): Promise<readonly { readonly hits: number }[]> => {
    const abort = new AbortController();
    const response = await fetch(`${traffic.api.url}/api/analytics/live`, {
      // What a browser sends that connects again: whatever it says, the minute is whole, and of who asks.
      headers: { authorization, 'last-event-id': '7' },
      signal: abort.signal,
    });
    expect([response.status, response.headers.get('x-accel-buffering')]).toEqual([200, 'no']);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const found = await eventually(async () => {
      text += (await reader?.read())?.value ?? '';
      const data = [...text.matchAll(/^data: (.+)$/gm)].at(-1)?.[1] ?? '{}';
      const { seconds = [] } = JSON.parse(data) as { seconds?: { hits: number }[] };
      return sumOf(seconds) >= expected ? seconds : null;
    });
    abort.abort();
    SecretWatch.at(traffic.api.url)?.keep('a stream', text);
    return found;
  };

  it('streams the last minute, second by second: of the own organisation, and to owners of what is theirs', async () => {
    const now = new Date().toISOString();
    const { id: OrgID } = await traffic.api.organisation();
    const elsewhere = { OrgID, Path: '/now' };
    await traffic.push([
      ...[traffic.hit(now, elsewhere), traffic.hit(now, { ...elsewhere, APIID: traffic.other })],
      ...[traffic.hit(now, { Path: '/now', APIID: traffic.other }), traffic.hit(now, { Path: '/now' })],
    ]);
    const all = await minuteOf(traffic.organisation.admin.accessKey, 2);
    expect([all.length, sumOf(all)]).toEqual([60, 2]);
    expect(sumOf(await minuteOf(traffic.owner.accessKey, 1))).toBe(1);
  });

  it('ends the streams of users who are switched off or deleted, get another key or lose the right', async () => {
    const { admin, api, organisation } = traffic;
    const ends: readonly ((id: string) => Promise<unknown>)[] = [
      (id) => admin.put(`/api/users/${id}`, { active: false }),
      (id) => admin.delete(`/api/users/${id}`),
      (id) => admin.put(`/api/users/${id}/actions/key/reset`),
      (id) => admin.put(`/api/users/${id}`, { user_permissions: { apis: 'read' } }),
    ];
    const said = await Promise.all(
      ends.map(async (end) => {
        const { id, accessKey } = await api.user(organisation.id, { analytics: 'read' });
        const response = await fetch(`${api.url}/api/analytics/live`, { headers: { authorization: accessKey } });
        const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
        expect((await reader?.read())?.value).toContain('event: minute');
        await end(id);
        let rest = '';
        for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) rest += part.value;
        SecretWatch.at(api.url)?.keep('a stream', rest);
        return /event: ended\ndata: \{"code":"(\w+)"\}\n\n$/.exec(rest)?.[1];
      }),
    );
    expect(said).toEqual(['unauthorised', 'unauthorised', 'unauthorised', 'forbidden']);
  });

  it('refuses the stream that is more than an organisation may have open: 503 with when to try again', async () => {
    const { api } = traffic;
    const { admin } = await api.organisation();
    const abort = new AbortController();
    const asked = spyOn(api.app.get(AnalyticsCollections), 'recordsToRead');
    const open = () =>
      fetch(`${api.url}/api/analytics/live`, {
        headers: { authorization: admin.accessKey },
        signal: abort.signal,
      });
    try {
      const most = await Promise.all(Array.from({ length: 20 }, open));
      const one = await open();
      expect([...most, one].map(({ status }) => status).toSorted()).toEqual([...Array<number>(20).fill(200), 503]);
      expect([one.headers.get('retry-after'), await one.json()]).toMatchObject(['1', { Code: 'busy' }]);
      const opened = [...most, one].filter(({ status }) => status === 200);
      await Promise.all(
        opened.map(async ({ body }) => (await body?.pipeThrough(new TextDecoderStream()).getReader().read())?.value),
      );
      // Those who see the same are told what was counted once.
      expect(asked.mock.calls.length).toBeLessThan(opened.length);
    } finally {
      abort.abort();
      asked.mockRestore();
    }
  });

  it('answers who asks for the head alone, and opens no stream for that', async () => {
    const { api } = traffic;
    const { admin } = await api.organisation();
    const live = (method: string, signal?: AbortSignal) =>
      fetch(`${api.url}/api/analytics/live`, {
        method,
        headers: { authorization: admin.accessKey },
        ...(signal === undefined ? {} : { signal }),
      });
    // More than an organisation may have open.
    for (let asked = 0; asked < 21; asked += 1) {
      const { status, headers } = await live('HEAD');
      expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    }
    const abort = new AbortController();
    expect((await live('GET', abort.signal)).status).toBe(200);
    abort.abort();
  });

  it('says by time how available an upstream was', async () => {
    const at = (minute: number): Date => new Date(Date.parse('2026-10-01T00:00:00Z') + minute * 60_000);
    const checks = [
      ...Array.from({ length: 60 }, (_, minute) =>
        anUptimeRecord({
          at: at(minute),
          ExpireAt: [4_949_263_408, 0],
          OrgID: traffic.organisation.id,
          APIID: traffic.owned,
        }),
      ),
      ...Array.from({ length: 12 }, (_, five) =>
        anUptimeRecord({
          at: at(60 + five * 5),
          ExpireAt: [4_949_263_408, 0],
          OrgID: traffic.organisation.id,
          APIID: traffic.owned,
          ResponseCode: 521,
          TCPError: true,
        }),
      ),
      anUptimeRecord({
        at: at(120),
        ExpireAt: [4_949_263_408, 0],
        OrgID: traffic.organisation.id,
        APIID: traffic.owned,
      }),
    ];
    await traffic.redis.rpush('host-checker:tyk-uptime-analytics', ...checks.map((check) => encodeRecord(check)));
    const path = '/api/uptime/1/10/2026/1/10/2026';
    const [found] = await eventually(async () => {
      const listed = await traffic.rows(traffic.admin, path);
      return listed[0]?.['checks'] !== undefined && numberOf(listed[0]['checks']) === 73 ? listed : null;
    });
    // An hour up, an hour down, and ten minutes that the last check holds.
    expect(found).toMatchObject({ checks: 73, failed: 12, outages: 1, up: true, availability: 53.8462 });
  });
};
