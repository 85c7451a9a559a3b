import { randomBytes } from 'node:crypto';
import { createLogger } from '@castellan/observability';
import { REDIS, redisKey } from '@castellan/delivery';
import { eventually, unique } from '@castellan/testing';
import type { Redis } from 'ioredis';
import { ApiUnderTest } from '../../test/api-under-test';
import { BackgroundJob } from './background-job';
import { ReplicaLock } from './replica-lock';

describe('a lock between replicas', () => {
  let api: ApiUnderTest;
  let other: ApiUnderTest;
  let locks: readonly [ReplicaLock, ReplicaLock];

  beforeAll(async () => {
    const database = `castellan_${randomBytes(6).toString('hex')}`;
    api = await ApiUnderTest.start({ DATABASE: database });
    other = await ApiUnderTest.start({ DATABASE: database });
    locks = [api.app.get(ReplicaLock), other.app.get(ReplicaLock)];
  });
  afterAll(() => Promise.all([api.stop(), other.stop()]));

  it('is had by one, and by the next once it was released', async () => {
    const job = unique('job');
    const lease = await locks[0].acquire(job);
    expect(await locks[1].acquire(job)).toBeNull();
    expect(await lease?.extend()).toBe(true);
    await lease?.release();
    expect(await locks[1].acquire(job)).not.toBeNull();
  });

  it('ends by itself when its holder is gone, and is then not the old holder’s to extend or release', async () => {
    const job = unique('job');
    const redis = api.app.get<Redis>(REDIS);
    const lost = await locks[0].acquire(job);
    expect(await redis.pttl(redisKey('lock', job))).toBeGreaterThan(0);
    // As if the lease had run out.
    await redis.del(redisKey('lock', job));
    const won = await locks[1].acquire(job);
    expect(await lost?.extend()).toBe(false);
    await lost?.release();
    expect(await won?.extend()).toBe(true);
  });

  it('lets one of two replicas do a job at a time, and stops between two batches', async () => {
    const name = unique('job');
    const logger = createLogger('test', 'silent');
    let working = 0;
    let batches = 0;
    const stoppedAfter: number[] = [];
    const jobs = locks.map(
      (lock) =>
        new BackgroundJob(
          name,
          10,
          async (mayGoOn) => {
            working += 1;
            expect(working).toBe(1);
            while (await mayGoOn()) batches += 1;
            stoppedAfter.push(batches);
            working -= 1;
          },
          lock,
          logger,
        ),
    );
    for (const job of jobs) job.start();
    await eventually(() => batches > 10);
    await Promise.all(jobs.map((job) => job.stop()));
    // One ran until it was told to stop; the other never began.
    expect([working, stoppedAfter]).toEqual([0, [batches]]);
  });
});
