import { Redis } from 'ioredis';
import { analyticsList, anAnalyticsRecord, encodeRecord, eventually, listOf } from '@castellan/testing';
import { day, logOf } from '../../../test/analytics/traffic';
import { ApiUnderTest, expectOk } from '../../../test/api-under-test';

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
