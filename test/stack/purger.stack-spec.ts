import { randomInt } from 'node:crypto';
import { Redis } from 'ioredis';
import { createConnection, type Connection } from 'mongoose';
import {
  analyticsList,
  anUptimeRecord,
  encodeRecord,
  eventually,
  listOf,
  numberOf,
  someTraffic,
  textOf,
  unique,
  freePort,
} from '@castellan/testing';
import { rowsIn, type SumsDocument } from '../../apps/api/src/analytics/storage/sums-document';
import { recount, said, type Counted } from '../../apps/api/test/analytics/recount';
import { AppProcess } from './support/app-process';
import { Services } from './support/services';
import { okay } from './support/tenant';

/**
 * Kills of one purger; `CASTELLAN_TEST_KILLS=25 npm run test:stack -- test/stack/purger.stack-spec.ts` takes more of them.
 * Nobody waits for the minute for which MongoDB holds what a dead process had in hand: its transactions are ended.
 */
const kills = Number(process.env['CASTELLAN_TEST_KILLS'] ?? '1');
const adminSecret = 'an-admin-secret-of-the-test';

describe('promise 1: what gateways have recorded is stored once, whatever dies meanwhile', () => {
  let services: Services;
  let purgers: AppProcess[];
  let redis: Redis;
  let mongodb: Connection;
  let orgId: string;
  let accessKey: string;
  let pushed = 0;
  let checks = 0;

  const purger = (index: number): AppProcess => {
    const found = purgers[index % purgers.length];
    if (found === undefined) throw new Error('There is no purger');
    return found;
  };
  const aPurger = async (): Promise<AppProcess> => {
    const port = await freePort();
    return new AppProcess('api', `http://127.0.0.1:${port}`, {
      CASTELLAN_MONGODB_URI: services.mongodbUri,
      CASTELLAN_REDIS_URL: services.redisUrl,
      CASTELLAN_LOG_LEVEL: 'warn',
      CASTELLAN_API_PORT: String(port),
      CASTELLAN_ADMIN_SECRET: adminSecret,
      CASTELLAN_NODE_SECRET: 'a-node-secret-of-the-test',
      CASTELLAN_ANALYTICS_PURGE_MS: '50',
      CASTELLAN_ANALYTICS_BATCH: '50',
      CASTELLAN_SHUTDOWN_LINGER_MS: '0',
    });
  };

  beforeAll(async () => {
    services = await Services.start();
    purgers = [await aPurger(), await aPurger()];
    await Promise.all(purgers.map((one) => one.start()));
    redis = new Redis(services.redisUrl);
    redis.on('error', () => undefined);
    mongodb = await createConnection(services.mongodbUri).asPromise();
    const admin = purger(0).client.with({ 'admin-auth': adminSecret });
    orgId = textOf(okay(await admin.post('/admin/organisations', { owner_name: unique('org') })).json['Meta']);
    const user = { org_id: orgId, email_address: `${unique('user')}@example.org` };
    accessKey = textOf(okay(await admin.post('/admin/users', user)).json['Message']);
  });
  afterAll(async () => {
    redis.disconnect();
    await mongodb.close();
    await Promise.all(purgers.map((one) => one.end('SIGKILL')));
    await services.end();
  });

  /** Records of hours that are over, and what the host checker found, each of which tells itself from every other one. */
  const push = async (lots = 1): Promise<void> => {
    for (let lot = 0; lot < lots; lot += 1) {
      const traffic = someTraffic(20, orgId, new Date('2026-11-19T22:30:00Z'), 3 * 3_600_000);
      const records = traffic.map((record, index) => encodeRecord({ ...record, UserAgent: `${pushed + index}` }));
      await redis.rpush(analyticsList, ...records);
      pushed += records.length;
      const check = anUptimeRecord({ OrgID: orgId, URL: `http://up/${checks}`, ExpireAt: [4_949_263_408, 0] });
      await redis.rpush('host-checker:tyk-uptime-analytics', encodeRecord(check));
      checks += 1;
    }
  };
  const stored = (): Promise<number> => mongodb.collection('tyk_analytics').countDocuments();
  const storedChecks = async (): Promise<readonly string[]> =>
    (await mongodb.collection('tyk_uptime_analytics').find().toArray()).map((check) =>
      textOf(Reflect.get(check, 'url')),
    );
  const waiting = async (): Promise<boolean> => (await redis.keys('castellan:analytics:*')).length > 0;
  const isActive = async (one: AppProcess): Promise<boolean> =>
    one.running && (await one.client.get('/health/ready')).text.includes('"purger":"active"');
  /** The one that purges, while the other stands by. */
  const active = (): Promise<AppProcess> =>
    eventually(
      async () => {
        for (const one of purgers) if (await isActive(one)) return one;
        return null;
      },
      { describe: 'one of them to purge' },
    );

  /** What there is to say when records do not come. */
  const state = async (): Promise<string> => {
    const running = purgers.filter((one) => one.running);
    const health = await Promise.all(running.map(async (one) => (await one.client.get('/health/ready')).text));
    const notes = await mongodb
      .collection('analytics_batches')
      .find({ expireAt: { $exists: false } })
      .toArray();
    const told = { stored: await stored(), batches: await redis.keys('castellan:analytics:*'), notes, health };
    return [JSON.stringify(told), ...running.map((one) => one.output)].join('\n');
  };

  /** Everything that was pushed is there once, and so it is in the sums. */
  const everythingIsThere = async (): Promise<void> => {
    let misses = 0;
    await eventually(
      async () => {
        const isStored = (await stored()) >= pushed && (await storedChecks()).length >= checks;
        if (isStored && !(await waiting())) return true;
        // What a process had sent before it died may have begun after its transactions were ended.
        misses += 1;
        if (misses % 20 === 0) await services.endTransactions();
        throw new Error(await state());
      },
      { intervalMs: 100, describe: `${pushed} records` },
    );
    await eventually(async () => (await mongodb.collection('analytics_pending').countDocuments()) === 0, {
      intervalMs: 100,
      describe: 'the sums to be merged',
    });
    const records = await mongodb.collection<Counted>('tyk_analytics').find().toArray();
    const numbers = new Set(records.map((record) => Reflect.get(record, 'useragent') as unknown));
    expect([records.length, numbers.size]).toEqual([pushed, pushed]);
    const found = await storedChecks();
    expect([found.length, new Set(found).size]).toEqual([checks, checks]);
    const sums = await mongodb.collection<SumsDocument>('analytics_sums').find().toArray();
    expect(said(sums.flatMap(rowsIn))).toEqual(recount(records));
  };

  it(`a purger is killed at ${kills} random points, and the other takes over what it had in hand`, async () => {
    for (let round = 0; round < kills; round += 1) {
      const victim = await active();
      await push(randomInt(1, 12));
      victim.signal('SIGKILL');
      await push();
      await victim.exited();
      await services.endTransactions();
      victim.spawn();
    }
    await Promise.all(purgers.map((one) => one.answers(200)));
    await everythingIsThere();
  });

  it('a purger is frozen until the other has its work, and then goes on', async () => {
    const frozen = await active();
    await push(10);
    frozen.signal('SIGSTOP');
    const other = purgers.find((one) => one !== frozen);
    await eventually(async () => other !== undefined && (await isActive(other)), { describe: 'the other to purge' });
    await services.endTransactions();
    frozen.signal('SIGCONT');
    await push(5);
    await everythingIsThere();
  });

  it('MongoDB is frozen, and killed: records wait in Redis, and what cannot be answered is no zero', async () => {
    const ended = await active();
    await services.freeze('mongodb');
    await push(5);
    await eventually(waiting, { describe: 'a batch to be taken while MongoDB is frozen' });
    // Who is asked to end does so, though MongoDB never answers.
    ended.signal('SIGTERM');
    expect(await ended.exited()).toBe(0);
    services.thaw('mongodb');
    await services.stop('mongodb', 'SIGKILL');
    await push(5);
    // One that starts while MongoDB is away takes over what waits.
    ended.spawn();
    const other = purgers.find((one) => one !== ended) ?? ended;
    const client = other.client.with({ authorization: accessKey });
    const usage = '/api/usage/19/11/2026/20/11/2026?res=day';
    await eventually(async () => (await client.get(usage)).status === 503, { describe: '503 for figures' });
    await eventually(async () => !(await redis.exists(analyticsList)), { describe: 'the list to be taken' });
    // How many wait and for how long is what an alert goes by.
    for (const gauge of ['waiting_records', 'lag_seconds']) {
      const above = new RegExp(`^castellan_analytics_${gauge}\\{.*\\} (?!0$)[0-9.]+$`, 'm');
      await eventually(
        async () =>
          (await Promise.all(purgers.map((one) => one.client.get('/metrics')))).some(({ text }) => above.test(text)),
        { describe: gauge },
      );
    }
    for (const key of await redis.keys('castellan:analytics:*')) expect(await redis.ttl(key)).toBe(-1);
    // And one that has batches in hand is started again meanwhile.
    other.signal('SIGKILL');
    await other.exited();
    other.spawn();
    await services.resume('mongodb');
    await Promise.all(purgers.map((one) => one.answers(200)));
    await everythingIsThere();
    const days = listOf(okay(await client.get(usage)).json['data']).map((row) => numberOf(row['hits']));
    expect(days.reduce((sum, hits) => sum + hits)).toBe(pushed);
  });

  it('Redis is frozen, and stopped and started again', async () => {
    await push(5);
    await services.freeze('redis');
    await eventually(async () => (await purger(0).client.get('/health/ready')).status === 503, {
      describe: 'the frozen Redis to be missed',
    });
    services.thaw('redis');
    await push(5);
    await services.stop('redis');
    await services.resume('redis');
    await push(5);
    await everythingIsThere();
  });
});
