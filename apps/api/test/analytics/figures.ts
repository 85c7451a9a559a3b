import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { anApiDefinition, eventually, listOf, textOf } from '@castellan/testing';
import { expectOk } from '../api-under-test';
import { day, hitsOf, type Fields, type Traffic } from './traffic';

/** Questions that have a path of their own. */
export const figures = (traffic: Traffic): void => {
  describe('usage', () => {
    it('has a row for each hour, with zeros where nothing was, in Tyk’s shape', async () => {
      const found = await traffic.rows(traffic.admin, `/api/usage/${day}?res=hour&p=-1`);
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

    it('has the same total by the hour, the day, the week and the month, in any zone', async () => {
      for (const tz of ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York']) {
        for (const res of ['hour', 'day', 'week', 'month']) {
          const found = await traffic.rows(traffic.admin, `/api/usage/20/12/2026/5/1/2027?res=${res}&tz=${tz}`);
          expect([tz, res, hitsOf(found).reduce((sum, hits) => sum + hits)]).toEqual([tz, res, 6]);
        }
      }
    });

    it('puts requests into the days of the zone that is asked for', async () => {
      const twoDays = '24/12/2026/25/12/2026';
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/usage/${twoDays}?tz=Europe/Berlin`))).toEqual([4, 1]);
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/usage/${twoDays}?tz=Asia/Kolkata`))).toEqual([3, 2]);
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/usage/${twoDays}?tz=UTC`))).toEqual([5, 0]);
    });

    it('goes over the end of a year: December is month 12, and month 0 is none', async () => {
      const found = await traffic.rows(traffic.admin, '/api/usage/1/11/2026/31/1/2027?res=month');
      expect(found.map((row) => [row['id']?.['year'], row['id']?.['month'], row['hits']])).toEqual([
        [2026, 11, 0],
        [2026, 12, 6],
        [2027, 1, 0],
      ]);
      for (const wrong of ['1/12/2026/31/0/2026', '31/4/2026/1/5/2026', '30/2/2026/1/3/2026', '1/13/2026/1/1/2027']) {
        const reply = await traffic.admin.get(`/api/usage/${wrong}`);
        expect([wrong, reply.status, reply.json['Code']]).toEqual([wrong, 400, 'validation_failed']);
      }
      expect((await traffic.admin.get('/api/usage/2/1/2026/1/1/2026')).status).toBe(400);
      expect((await traffic.admin.get('/api/usage/1/1/1990/1/1/2027?res=hour')).json['Errors']).toMatchObject([
        { path: 'res' },
      ]);
    });

    it('has 25 rows of a day in which clocks go back and 23 of one in which they go forward, with zeros and as CSV', async () => {
      const { id: OrgID, admin } = await traffic.api.organisation();
      const every = (minutes: number, begin: string, count: number): readonly Fields[] =>
        Array.from({ length: count }, (_, index) =>
          traffic.hit(new Date(Date.parse(begin) + index * minutes * 60_000).toISOString(), { OrgID }),
        );
      // The day begins at 22:00 the evening before in UTC, and ends at 23:00.
      await traffic.push([...every(20, '2026-10-24T22:00:00Z', 75), ...every(120, '2026-03-28T23:00:00Z', 12)]);
      const path = (on: string, res: string): string => `/api/usage/${on}/${on}?res=${res}&tz=Europe/Berlin`;
      const october = '25/10/2026';
      await eventually(async () => hitsOf(await traffic.rows(admin.client, path(october, 'day')))[0] === 75);
      const long = await traffic.rows(admin.client, path(october, 'hour'));
      expect(hitsOf(long)).toEqual(Array.from({ length: 25 }, () => 3));
      expect(long.slice(1, 5).map(({ id }) => [id?.['hour'], id?.['begins']])).toEqual([
        [1, '2026-10-24T23:00:00.000Z'],
        [2, '2026-10-25T00:00:00.000Z'],
        [2, '2026-10-25T01:00:00.000Z'],
        [3, '2026-10-25T02:00:00.000Z'],
      ]);
      const csv = expectOk(await admin.client.get(`${path(october, 'hour')}&type=csv`)).text;
      const twice = csv.split('\r\n').filter((line) => /^2026-10-2.T..:00:00.000Z,2026,10,25,2,/.test(line));
      expect(new Set(twice.map((line) => line.slice(0, 24))).size).toBe(2);
      const march = '29/3/2026';
      await eventually(async () => hitsOf(await traffic.rows(admin.client, path(march, 'day')))[0] === 12);
      const short = await traffic.rows(admin.client, path(march, 'hour'));
      expect(hitsOf(short)).toEqual(Array.from({ length: 23 }, (_, hour) => (hour % 2 === 0 ? 1 : 0)));
      expect(short.map(({ id }) => id?.['hour'])).not.toContain(2);
      const months = await traffic.rows(admin.client, '/api/usage/1/3/2026/31/10/2026?res=month&tz=Europe/Berlin');
      expect(hitsOf(months)).toEqual([12, 0, 0, 0, 0, 0, 0, 75]);
    });

    it('has what nodes with wrong clocks have recorded at the time that they say, once, and not in the last hour', async () => {
      const { id: OrgID, admin } = await traffic.api.organisation({ analytics: { retention_days: 7 } });
      const now = Date.now();
      const times = [now + 3_600_000, now + 400 * 86_400_000, 0, Date.parse('3000-01-01T12:00:00Z')];
      // The node is in another zone, too: what it says of day and hour is kept, and nothing is found by it.
      const zone = { Day: 1, Month: 1, Year: 2020, Hour: 3 };
      await traffic.push(times.map((at) => traffic.hit(new Date(at).toISOString(), { OrgID, ...zone })));
      const records = traffic.api.app.get<Connection>(getConnectionToken()).collection('tyk_analytics');
      await eventually(async () => (await records.countDocuments({ orgid: OrgID })) === times.length);
      for (const at of times) {
        const date = new Date(at);
        const on = `${date.getUTCDate()}/${date.getUTCMonth() + 1}/${date.getUTCFullYear()}`;
        const hours = hitsOf(await traffic.rows(admin.client, `/api/usage/${on}/${on}?res=hour`));
        expect([on, hours.indexOf(1), hours.reduce((sum, hits) => sum + hits)]).toEqual([on, date.getUTCHours(), 1]);
      }
      const lastHour = { from: new Date(now - 3_600_000).toISOString(), to: new Date(now).toISOString() };
      expect(hitsOf(listOf((await traffic.ask(admin.client, lastHour))['data']))).toEqual([0]);
      expect(await traffic.rows(admin.client, '/api/usage/1/1/2020/1/1/2020')).toMatchObject([{ hits: 0 }]);
      const found = await records.find({ orgid: OrgID }).toArray();
      for (const { expireAt } of found) {
        expect(Math.abs(Number(expireAt) - now - 7 * 86_400_000)).toBeLessThan(600_000);
      }
    });

    it('goes on to show what was called of an API that is deleted, by its last name, and of one that never was', async () => {
      const { id: OrgID, admin } = await traffic.api.organisation();
      const api_definition = anApiDefinition();
      const api = textOf(expectOk(await admin.client.post('/api/apis', { api_definition })).json['ID']);
      const on = '5/5/2026/5/5/2026';
      await traffic.push([
        traffic.hit('2026-05-05T10:00:00Z', { OrgID, APIID: api, APIName: 'Before', APIKey: 'kept' }),
        traffic.hit('2026-05-05T11:00:00Z', { OrgID, APIID: api, APIName: 'After', APIKey: 'kept', Alias: 'kate' }),
        traffic.hit('2026-05-05T11:00:00Z', { OrgID, APIID: 'nobody-knows-it', APIName: '' }),
      ]);
      const report = async (): Promise<readonly unknown[]> => {
        const apis = await traffic.rows(admin.client, `/api/usage/apis/${on}?p=-1`);
        const keys = await traffic.rows(admin.client, `/api/activity/keys/${on}?p=-1`);
        return [
          apis.map(({ id, hits }) => [id?.['api_id'], id?.['api_name'], hits]),
          keys.map(({ id, hits }) => [id?.['key'], id?.['alias'], hits]),
          hitsOf(await traffic.rows(admin.client, `/api/usage/apis/${api}/${on}`)),
          hitsOf(await traffic.rows(admin.client, `/api/usage/apis/nobody-knows-it/${on}`)),
        ];
      };
      const expected = [
        [
          [api, 'After', 2],
          ['nobody-knows-it', '', 1],
        ],
        [
          ['kept', 'kate', 2],
          ['00000000', '', 1],
        ],
        [2],
        [1],
      ];
      await eventually(async () => JSON.stringify(await report()) === JSON.stringify(expected));
      expectOk(await admin.client.delete(`/api/apis/${api}`));
      expect(await report()).toEqual(expected);
    });

    it('is narrowed by API, version and tags', async () => {
      expect(
        hitsOf(await traffic.rows(traffic.admin, `/api/usage/${day}?api_id=${traffic.other}&api_version=v2`)),
      ).toEqual([2]);
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/usage/${day}?api_version=Non+Versioned`))).toEqual([3]);
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/usage/${day}?tags=x-tier.a`))).toEqual([2]);
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/usage/${day}?tags=x-tier.a,edge`))).toEqual([2]);
    });

    it('lists APIs by what is asked for, and an API by version', async () => {
      const found = await traffic.rows(traffic.admin, `/api/usage/apis/${day}?by=Hits&sort=-1&p=-1`);
      expect(found.map((row) => [row['id']?.['api_id'], row['id']?.['api_name'], row['hits']])).toEqual([
        [traffic.owned, 'Owned', 3],
        [traffic.other, 'Other', 2],
      ]);
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/usage/apis/${day}?by=Hits&sort=1&p=-1`))).toEqual([2, 3]);
      expect(await traffic.rows(traffic.admin, `/api/usage/apis/${traffic.other}/${day}`)).toMatchObject([
        { id: { api_version: 'v2' }, hits: 2 },
      ]);
    });

    it('is read from the sums, not from what may be millions of records', async () => {
      const { id: OrgID, admin } = await traffic.api.organisation();
      await traffic.push(
        [1, 2, 3].map((hour) => traffic.hit(`2026-10-0${hour}T10:00:00Z`, { OrgID, Path: '/counted' })),
      );
      const october = '1/10/2026/31/10/2026';
      const paths = [`usage/${october}?res=day`, `usage/apis/${october}?p=-1`, `activity/endpoint/${october}?p=-1`];
      const sums = async (): Promise<readonly number[]> => {
        const found = await Promise.all(paths.map((path) => traffic.rows(admin.client, `/api/${path}`)));
        return found.map((rows) => hitsOf(rows).reduce((sum, hits) => sum + hits, 0));
      };
      await eventually(async () => (await sums()).every((sum) => sum === 3));
      await traffic.api.app
        .get<Connection>(getConnectionToken())
        .collection('tyk_analytics')
        .deleteMany({ orgid: OrgID });
      expect(await sums()).toEqual([3, 3, 3]);
    });

    it('comes as CSV by parameter and by Accept', async () => {
      for (const reply of [
        await traffic.admin.get(`/api/usage/${day}?res=day&type=csv`),
        await traffic.admin.get(`/api/usage/${day}?res=day`, { headers: { accept: 'text/csv' } }),
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
      const found = (await traffic.rows(traffic.admin, path)).map((row) => [
        row['id']?.['key'],
        row['id']?.['alias'],
        row['hits'],
      ]);
      expect([...found].sort()).toEqual([...expected].sort());
    });

    it('of a key over time, by endpoint, and of several keys together', async () => {
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/activity/keys/ka/${day}?res=day&p=-1`))).toEqual([2]);
      const endpoints = await traffic.rows(traffic.admin, `/api/activity/keys/endpoint/ka/${day}?p=-1`);
      expect(endpoints.map((row) => [row['id']?.['path'], row['id']?.['url'], row['hits']]).sort()).toEqual([
        ['/a', '/a', 1],
        ['/a.b', '/a.b', 1],
      ]);
      expect(
        hitsOf(await traffic.rows(traffic.admin, `/api/activity/keys/aggregate/ka,kb,/${day}?p=-1&res=day`)),
      ).toEqual([3]);
    });

    it('by endpoint, OAuth client, country, error, tag and version', async () => {
      const by = async (path: string, name: string) =>
        (await traffic.rows(traffic.admin, `/api/activity/${path}/${day}?p=-1`))
          .map((row) => [row['id']?.[name], row['hits']])
          .sort();
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
      expect(hitsOf(await traffic.rows(traffic.admin, `/api/errors/count/${day}?res=day&p=-1`))).toEqual([2]);
    });

    it('gives a page of a list, and says how many there are', async () => {
      const reply = expectOk(await traffic.admin.get(`/api/activity/keys/${day}?p=2`)).json;
      expect([reply['data'], reply['pages']]).toEqual([[], 1]);
    });
  });
};
