import { deflateRawSync } from 'node:zlib';
import { getConnectionToken } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';
import { Clock } from '@castellan/observability';
import { eventually, listOf, numberOf } from '@castellan/testing';
import { AnalyticsCollections } from '../../src/analytics/storage/collections';
import { EarlierSums } from '../../src/analytics/storage/earlier-sums';
import { RollupStore } from '../../src/analytics/storage/rollup-store';
import { expectOk } from '../api-under-test';
import type { Traffic } from './traffic';

type Document = Readonly<Record<string, unknown>> & { readonly _id: string; readonly orgId: string };

/** Sums that an earlier version has stored: rows as documents, and what was not merged yet as JSON. */
export const earlier = (traffic: Traffic): void => {
  it('are taken over with every figure', async () => {
    const { api } = traffic;
    const { id: orgId, admin } = await api.organisation();
    const at = new Date('2026-09-01T10:00:00Z');
    const row = {
      ...{ orgId, kind: 'key', api: 'a', version: 'v1', key: 'anna', label: 'Anna', last: at, expireAt: at },
      ...{ hits: 7, success: 5, errors: 2, latencyCount: 7, latencySum: 70, latencyMax: 10, latencyMin: 10 },
      ...{ upstreamSum: 35, upstreamMax: 5, upstreamMin: 5, codes: { 200: 5, 500: 2 }, sketch: { 117: 7 } },
    };
    const collection = (name: string) => api.app.get<Connection>(getConnectionToken()).collection<Document>(name);
    await collection('analytics_rollups').insertMany([
      { ...row, _id: 'an-hour', unit: 'hour', at },
      { ...row, _id: 'a-day', unit: 'day', at: new Date('2026-09-01T00:00:00Z') },
    ]);
    const names = ['a', 'v1', 'ben', null, null, null, null];
    const numbers = [3, 3, 0, 3, 6, 3, 0, 0, 0, 0];
    const waiting = [
      ...['an-id', orgId, 'hour', at.getTime(), 'key', names, null, 'Ben', numbers, [2, 2, 1, 1], at.getTime()],
      [[200, 3], [36, 3], [], []],
    ];
    const rows = deflateRawSync(JSON.stringify([waiting]));
    await collection('analytics_segments').insertOne({
      _id: 'a-segment',
      orgId,
      first: at,
      last: at,
      kinds: ['key'],
      rows,
    });

    const moved = new EarlierSums(api.app.get(AnalyticsCollections), api.app.get(RollupStore), api.app.get(Clock));
    while (await moved.moveSome());
    for (const name of ['analytics_rollups', 'analytics_segments']) {
      expect(await collection(name).countDocuments({ orgId })).toBe(0);
    }
    const metrics = ['hits', 'success', 'errors', 'latency_mean', 'latency_max', 'latency_p50'];
    const ask = async (interval: string): Promise<readonly unknown[]> => {
      const time = { from: '2026-09-01T00:00:00Z', to: '2026-09-02T00:00:00Z', tz: 'Asia/Tokyo' };
      const asked = { ...time, interval, groupBy: ['key'], metrics, filters: { key: ['anna', 'ben'] } };
      const { data } = expectOk(await admin.client.post('/api/analytics/query', asked)).json;
      return listOf(data).filter(({ hits }) => numberOf(hits) !== 0);
    };
    const anna = { key: 'anna', label: 'Anna', hits: 7, success: 5, errors: 2, latency_mean: 10, latency_max: 10 };
    const ben = { key: 'ben', label: 'Ben', hits: 3, success: 3, errors: 0, latency_mean: 2, latency_max: 2 };
    for (const interval of ['none', 'hour']) {
      // What waited is merged in the background, and counts before and after.
      await eventually(async () => (await ask(interval)).length === 2);
      expect(await ask(interval)).toMatchObject([
        { ...anna, latency_p50: 10 },
        { ...ben, latency_p50: 2 },
      ]);
    }
  });
};
