import { listOf, textOf } from '@castellan/testing';
import { expectOk } from '../api-under-test';
import { day, hitsOf, logOf, type Traffic } from './traffic';

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
