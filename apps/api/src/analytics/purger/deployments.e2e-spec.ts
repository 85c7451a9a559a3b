import { getConnectionToken } from '@nestjs/mongoose';
import { Cluster, Redis } from 'ioredis';
import type { Connection } from 'mongoose';
import { analyticsLists } from '@castellan/analytics';
import { anAnalyticsRecord, encodeRecord, eventually, RedisServers, textOf } from '@castellan/testing';
import { ApiUnderTest, expectOk } from '../../../test/api-under-test';
import { CuttingRelay } from '../../../test/cutting-relay';
import { freshDatabaseUri, workerRedisUrl } from '../../../../../test/support/test-services';
import { AnalyticsRedis } from './analytics-redis';

describe('the purger on a Redis that is', () => {
  let servers: RedisServers;
  let api: ApiUnderTest;
  let orgId: string;

  beforeAll(async () => {
    servers = await RedisServers.like(workerRedisUrl());
  });
  afterAll(() => servers.stop());
  afterEach(() => api.stop());

  const start = async (settings: Readonly<Record<string, string>>): Promise<void> => {
    api = await ApiUnderTest.start({ ANALYTICS_PURGE_MS: '50', ...settings });
    orgId = (await api.organisation()).id;
  };
  const aRecord = (): Buffer => encodeRecord(anAnalyticsRecord({ OrgID: orgId }));
  /** In Protocol Buffers: a time, an organisation and a code. */
  const protobufRecord = (): Buffer =>
    Buffer.concat([
      Buffer.from([0x58, 0xc8, 0x01, 0x6a, 0x06, 0x08, 0xff, 0xcc, 0x9e, 0xd8, 0x06, 0x8a, 0x01, 0x18]),
      Buffer.from(orgId),
    ]);
  const everyList = analyticsLists.filter((list) => !list.startsWith('host-checker'));
  const pushEverywhere = async (redis: Redis | Cluster): Promise<void> => {
    for (const list of everyList) await redis.rpush(list, list.endsWith('_protobuf') ? protobufRecord() : aRecord());
  };
  const stored = async (count: number): Promise<void> => {
    const records = api.app.get<Connection>(getConnectionToken()).collection('tyk_analytics');
    await eventually(async () => (await records.countDocuments({ orgid: orgId })) >= count, {
      describe: `${count} records`,
    });
    expect(await records.countDocuments({ orgid: orgId })).toBe(count);
  };
  const state = async (): Promise<string> =>
    JSON.stringify((await api.anonymous.get('/health/ready')).json['details']?.['analytics']);

  it('a cluster of three masters: all lists are drained, also after one of the masters has died', async () => {
    const { masters, replica } = await servers.cluster(3);
    const port = masters[1]?.port ?? 0;
    await start({ ANALYTICS_REDIS_URL: `redis+cluster://127.0.0.1:${port}` });
    const redis = new Cluster([{ host: '127.0.0.1', port }], { retryDelayOnClusterDown: 200, maxRedirections: 100 });
    try {
      await pushEverywhere(redis);
      await stored(everyList.length);
      await masters[0]?.kill();
      await eventually(async () => /role:master/.test(await replica.redis.info('replication')));
      await pushEverywhere(redis);
      await stored(2 * everyList.length);
    } finally {
      redis.disconnect();
    }
  });

  it('behind a sentinel: it follows to the new master, and back to the old one, though the sentinel was away in between', async () => {
    const master = await servers.server();
    const replica = await servers.replicaOf(master);
    const sentinel = await servers.sentinel(master, 'main');
    await start({ ANALYTICS_REDIS_URL: `redis+sentinel://127.0.0.1:${sentinel.port}/main` });
    await pushEverywhere(master.redis);
    await stored(everyList.length);
    await master.kill();
    await eventually(async () => /role:master/.test(await replica.redis.info('replication')));
    await pushEverywhere(replica.redis);
    await stored(2 * everyList.length);
    await sentinel.restart();
    await master.restart('--replicaof', '127.0.0.1', String(replica.port));
    await eventually(async () => /master_link_status:up/.test(await master.redis.info('replication')), {
      describe: 'the old master to follow',
    });
    await replica.kill();
    await eventually(async () => /role:master/.test(await master.redis.info('replication')), {
      describe: 'the old master to be master again',
    });
    await pushEverywhere(master.redis);
    await stored(3 * everyList.length);
  });

  it('over its maxmemory: it is emptied, though no lease can be written', async () => {
    const { port, redis } = await servers.server();
    await start({ REDIS_URL: `redis://127.0.0.1:${port}` });
    await redis.rpush('aside', ...Array.from({ length: 50 }, aRecord));
    await redis.config('SET', 'maxmemory', '1');
    await redis.del('castellan:lock:analytics purger');
    await expect(redis.set('x', 'y')).rejects.toThrow('OOM');
    await redis.rename('aside', analyticsLists[0] ?? '');
    await stored(50);
    await redis.config('SET', 'maxmemory', '0');
  });

  it('cut off each time a list has been taken: what was taken without an answer is found, and stored once', async () => {
    const { port, redis } = await servers.server();
    const relay = await CuttingRelay.before(port);
    try {
      await start({ ANALYTICS_REDIS_URL: `redis://127.0.0.1:${relay.port}` });
      for (let cuts = 1; cuts <= 3; cuts += 1) {
        relay.cutAfter('RENAMENX', /^:[1-9]/m);
        await pushEverywhere(redis);
        await eventually(() => Promise.resolve(relay.cuts === cuts), { describe: 'the connection to be cut' });
        // What comes after the cut goes into the list that was taken.
        await pushEverywhere(redis);
        await stored(cuts * 2 * everyList.length);
      }
      await eventually(async () => (await redis.keys('*')).length === 0, { describe: 'every batch to be let go of' });
    } finally {
      await relay.stop();
    }
  });

  it('full when it comes: it stores one transaction after the other in its first round', async () => {
    const { port, redis } = await servers.server();
    await redis.rpush(analyticsLists[0] ?? '', ...Array.from({ length: 45 }, () => encodeRecord(anAnalyticsRecord())));
    await start({
      ANALYTICS_REDIS_URL: `redis://127.0.0.1:${port}`,
      ANALYTICS_BATCH: '10',
      // The second round is long after the test.
      ANALYTICS_PURGE_MS: '30000',
    });
    await eventually(async () => (await redis.keys('*')).length === 0, { describe: 'all of it to be stored' });
    const { text } = await api.anonymous.get('/metrics');
    expect(/castellan_analytics_transaction_seconds_count\{[^}]*\} (\d+)/.exec(text)?.[1]).toBe('5');
  });

  it('idle: a round asks each list once and reads next to nothing, and MongoDB is left in peace', async () => {
    const { port, redis } = await servers.server();
    await start({
      ANALYTICS_REDIS_URL: `redis://127.0.0.1:${port}`,
      MONGODB_URI: freshDatabaseUri({ monitorCommands: 'true' }),
    });
    await redis.rpush(analyticsLists[0] ?? '', aRecord());
    await stored(1);
    const { queue } = api.app.get(AnalyticsRedis);
    const mongodb: string[] = [];
    api.app
      .get<Connection>(getConnectionToken())
      .getClient()
      .on('commandStarted', ({ commandName, command }) => {
        const named: unknown = Reflect.get(command, commandName);
        if (/analytics/.test(String(named))) mongodb.push(`${commandName} ${String(named)}`);
      });
    const claim = jest.spyOn(queue, 'claim');
    await redis.config('RESETSTAT');
    await eventually(() => Promise.resolve(claim.mock.calls.length >= 20), { describe: 'some rounds' });
    const said = `${await redis.info('commandstats')}${await redis.info('stats')}`;
    // One may be under way.
    const rounds = claim.mock.calls.length + 1;
    claim.mockRestore();
    const perRound = (figure: RegExp): number =>
      [...said.matchAll(figure)].reduce((sum, [, count]) => sum + Number(count), 0) / rounds;
    expect(perRound(/^cmdstat_eval:calls=(\d+)/gm)).toBeGreaterThan(analyticsLists.length * 0.8);
    // One script for each list, which looks whether it is there.
    expect(perRound(/^cmdstat_[^:]+:calls=(\d+)/gm)).toBeLessThan(2 * analyticsLists.length + 1);
    expect(perRound(/^total_net_output_bytes:(\d+)/gm)).toBeLessThan(10 * analyticsLists.length);
    expect(mongodb.length / rounds).toBeLessThan(0.5);
  });

  it('closed to one of its commands: it says which, loses nothing, and goes on when it is open again', async () => {
    const { port, redis } = await servers.server();
    await redis.call('ACL', 'SETUSER', 'castellan', 'on', '>secret', '~*', '&*', '+@all', '-eval');
    await start({ ANALYTICS_REDIS_URL: `redis://castellan:secret@127.0.0.1:${port}` });
    await redis.rpush(analyticsLists[0] ?? '', aRecord());
    await eventually(async () => (await state()).includes("'eval'"), { describe: 'the command to be named' });
    expect(await redis.llen(analyticsLists[0] ?? '')).toBe(1);
    await redis.call('ACL', 'SETUSER', 'castellan', '+eval');
    await stored(1);
    await eventually(async () => !(await state()).includes('problem'));
  });

  it('full of what nobody can read: it is set aside, and can be looked at, put back and deleted', async () => {
    await start({});
    const redis = new Redis(api.config.redisUrl);
    const list = async () => expectOk(await api.admin.get('/admin/analytics/dead-letters')).json;
    try {
      await redis.rpush(analyticsLists[0] ?? '', 'no record', aRecord());
      await stored(1);
      const found = await eventually(async () => (await list())['data']?.[0]);
      const path = `/admin/analytics/dead-letters/${textOf(found['id'])}`;
      expect(found).toMatchObject({ list: analyticsLists[0], size: 9, truncated: false });
      const { json } = expectOk(await api.admin.get(path));
      expect(Buffer.from(textOf(json['record']), 'base64').toString()).toBe('no record');
      expect((await api.anonymous.get('/metrics')).text).toMatch(/castellan_analytics_dead_letters\{[^}]*\} 1/);

      expectOk(await api.admin.post(`${path}/requeue`, {}));
      expect((await api.admin.post(`${path}/requeue`, {})).status).toBe(404);
      const again = await eventually(async () => (await list())['data']?.[0]);
      expect(textOf(again['id'])).not.toBe(textOf(found['id']));

      const other = `/admin/analytics/dead-letters/${textOf(again['id'])}`;
      expectOk(await api.admin.delete(other));
      expect([(await api.admin.get(other)).status, (await api.admin.delete(other)).status]).toEqual([404, 404]);

      await redis.rpush(analyticsLists[0] ?? '', 'x'.repeat(1024 * 1024 + 1));
      const cut = await eventually(async () => (await list())['data']?.[0]);
      const refused = await api.admin.post(`/admin/analytics/dead-letters/${textOf(cut['id'])}/requeue`, {});
      expect([cut['truncated'], refused.status, refused.json['Code']]).toEqual([true, 409, 'incomplete']);
      const administrator = (await api.organisation()).admin.client;
      expect((await administrator.get('/admin/analytics/dead-letters')).status).toBe(401);
    } finally {
      redis.disconnect();
    }
  });
});
