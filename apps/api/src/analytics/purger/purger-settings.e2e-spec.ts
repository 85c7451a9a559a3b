import { getConnectionToken } from '@nestjs/mongoose';
import { Redis } from 'ioredis';
import { mongo, type Connection } from 'mongoose';
import { analyticsList, anAnalyticsRecord, encodeRecord, eventually, numberOf } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../../test/api-under-test';
import { AnalyticsCollections } from '../storage/collections';
import { AnalyticsRedis } from './analytics-redis';
import { Backlog } from './backlog';
import { BatchNotes } from './batch-notes';
import { countOf } from './chunk';

/** Of an hour that is over, so that its sums are merged at once. */
const aRecord = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  anAnalyticsRecord({ at: new Date(Date.now() - 2 * 3_600_000), ...fields });

describe('records of each organisation apart', () => {
  it('go into a collection of their own with the indexes that tools know, wait where that is capped, and never for an index', async () => {
    const api = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '50', ANALYTICS_RECORDS: 'organisation' });
    const redis = new Redis(api.config.redisUrl);
    try {
      const { id } = await api.organisation();
      const db = api.app
        .get<Connection>(getConnectionToken())
        .getClient()
        .db(new URL(api.config.mongodbUri).pathname.slice(1));
      const own = db.collection(`z_tyk_analyticz_${id}`);
      // As an earlier version has left it.
      await own.createIndexes([
        { key: { orgid: 1, timestamp: -1, _id: -1 }, name: 'castellanLog' },
        {
          key: { orgid: 1, timestamp: -1, _id: -1, responsecode: 1 },
          name: 'castellanErrors',
          partialFilterExpression: { responsecode: { $gte: 400 } },
        },
      ]);
      await redis.rpush(analyticsList, encodeRecord(aRecord({ OrgID: id })), encodeRecord(aRecord({ OrgID: '' })));
      await eventually(async () => (await own.countDocuments()) === 1);
      expect(await db.collection('tyk_analytics').countDocuments({ orgid: '' })).toBe(1);
      const names = ['_id_', 'apiid_1', 'castellanRequests', 'expireAt_1', 'logBrowserIndex'];
      await eventually(
        async () =>
          Object.keys(await own.indexInformation())
            .sort()
            .join() === names.join(),
      );

      // A pump may have been told to make one that keeps to its size: it is said, and nothing is lost meanwhile.
      const { id: capped } = await api.organisation();
      const name = `z_tyk_analyticz_${capped}`;
      await db.createCollection(name, { capped: true, size: 1024 * 1024 });
      await redis.rpush(analyticsList, encodeRecord(aRecord({ OrgID: capped })));
      const report = await eventually(async () => {
        const reply = await api.anonymous.get('/health/ready');
        return reply.text.includes(`${name} is a capped collection`) ? reply : null;
      });
      expect([report.status, report.json['details']?.['analytics']]).toMatchObject([200, { waiting: 1 }]);
      await eventually(async () => {
        const { json } = await api.anonymous.get('/health/ready');
        return numberOf(json['details']?.['analytics']?.['lag_seconds']) > 0;
      });
      await db.collection(name).rename(`${name}_capped`);
      await eventually(async () => (await db.collection(name).countDocuments()) === 1, { deadlineMs: 60_000 });

      // Where there are millions of records already, an index takes its time: nothing waits for it.
      const { id: large } = await api.organisation();
      const records = db.collection(`z_tyk_analyticz_${large}`);
      await records.insertOne({ orgid: large });
      let finish = (): void => undefined;
      const built = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const slow = jest.spyOn(mongo.Collection.prototype, 'createIndexes').mockImplementation(async function (
        this: mongo.Collection,
        asked,
      ) {
        if (this.collectionName === records.collectionName) await built;
        await db.command({ createIndexes: this.collectionName, indexes: asked });
        return [];
      });
      for (const count of [2, 3]) {
        await redis.rpush(analyticsList, encodeRecord(aRecord({ OrgID: large })));
        await eventually(async () => (await records.countDocuments()) === count);
      }
      expect(Object.keys(await records.indexInformation())).toEqual(['_id_']);
      finish();
      await eventually(
        async () =>
          Object.keys(await records.indexInformation())
            .sort()
            .join() === names.join(),
      );
      expect(await records.countDocuments()).toBe(3);
      slow.mockRestore();
    } finally {
      redis.disconnect();
      await api.stop();
    }
  });
});

describe('a purger that is off', () => {
  it('leaves everything to others', async () => {
    const api = await ApiUnderTest.start({ ANALYTICS_PURGER: 'off', ANALYTICS_PURGE_MS: '50' });
    try {
      const report = expectOk(await api.anonymous.get('/health/ready')).json;
      expect(report['details']).toEqual({ analytics: { purger: 'off' } });
    } finally {
      await api.stop();
    }
  });

  it('lets what follows be read while some of it is in hand, and lets go of nothing before it is stored', async () => {
    const api = await ApiUnderTest.start({ ANALYTICS_PURGER: 'off' });
    const redis = new Redis(api.config.redisUrl);
    try {
      await redis.rpush(analyticsList, ...Array.from({ length: 5 }, () => encodeRecord(aRecord({}))));
      const { queue } = api.app.get(AnalyticsRedis);
      const [notes, collections] = [api.app.get(BatchNotes), api.app.get(AnalyticsCollections)];
      await collections.prepare([]);
      const backlog = new Backlog(() => queue, notes);
      const { batches } = await queue.claim(new Date());
      backlog.add(batches);
      const keys = batches.map(({ key }) => key);
      const taken = [await backlog.next(2), await backlog.next(2), await backlog.next(2), await backlog.next(2)];
      expect(taken.map((slices) => slices.map(({ from, bytes }) => [from, bytes.length]))).toEqual([
        ...[[[0, 2]], [[2, 2]], [[4, 1]], []],
      ]);
      expect([backlog.records, await redis.exists(...keys)]).toEqual([5, 1]);
      // Nothing of it was stored, so that it all comes again.
      for (const slices of taken) backlog.giveBack(slices);
      const again = await backlog.next(10);
      expect(again.map(({ from, bytes }) => [from, bytes.length])).toEqual([[0, 5]]);
      await collections.inTransaction(async (session) => {
        for (const { batch } of again) await notes.advance(batch, 0, 5, new Date(), session);
      });
      await backlog.stored(again);
      expect([backlog.records, await redis.exists(...keys)]).toEqual([0, 0]);
      // A Redis that goes away between two batches has taken nothing from the first one.
      await redis.rpush(analyticsList, encodeRecord(aRecord({})));
      await redis.rpush(`${analyticsList}_1`, encodeRecord(aRecord({})));
      let reads = 0;
      const leaving = new Backlog(() => {
        if ((reads += 1) === 2) throw new Error('Redis is out of reach');
        return queue;
      }, notes);
      leaving.add((await queue.claim(new Date())).batches);
      await expect(leaving.next(10)).rejects.toThrow('Redis is out of reach');
      const all = await leaving.next(10);
      expect(all.map(({ from, bytes }) => [from, bytes.length])).toEqual([
        [0, 1],
        [0, 1],
      ]);
      await redis.del(...all.map(({ batch }) => batch.key));

      // However many are asked for, no more are held than eight megabytes have room for, and the one that goes over it.
      await redis.rpush(analyticsList, ...Array.from({ length: 60 }, () => Buffer.alloc(400_000)));
      const large = new Backlog(() => queue, notes);
      large.add((await queue.claim(new Date())).batches);
      const read = jest.spyOn(queue, 'read');
      const pieces = [await large.next(1_000), await large.next(1_000), await large.next(1_000)];
      const counts = pieces.map((slices) => countOf(slices));
      expect([counts.reduce((sum, count) => sum + count), Math.max(...counts)]).toEqual([60, 21]);
      // It is found out by a few how large they are, so that no more are read than that.
      expect(read.mock.calls.slice(0, 3).map(([, , count]) => count)).toEqual([4, 16, 1]);
      read.mockRestore();
      await redis.del(...pieces.flat().map(({ batch }) => batch.key));
    } finally {
      redis.disconnect();
      await api.stop();
    }
  });
});
