import { loadApiConfig } from '@castellan/config';
import { connectRedis, KeyStore, parseRedisUrl, type KeyRedis } from '@castellan/keys';
import { createLogger, Metrics } from '@castellan/observability';
import { eventually, RedisServers, type RedisServer } from '@castellan/testing';
import type { KeyRow } from '@castellan/persistence';
import { hashKey, sessionName } from '@castellan/tyk';
import { workerRedisUrl } from '../../../../test/support/test-services';
import { OwnClock, PendingInMemory } from '../../test/pending-in-memory';
import { WrittenKey } from '../../test/written-key';
import { KeyKeeper } from './key-keeper';
import { KeyPlacing } from './key-places';

const organisation = '5e9d9544a1dcd60001d0ed20';
const logger = createLogger('test', 'silent');
const config = loadApiConfig({
  CASTELLAN_ADMIN_SECRET: 'admin-secret-of-the-test',
  CASTELLAN_NODE_SECRET: 'node-secret-of-the-test',
  CASTELLAN_MONGODB_URI: 'mongodb://nowhere',
  CASTELLAN_REDIS_URL: workerRedisUrl(),
});

let servers: RedisServers;
let master: RedisServer;
let replica: RedisServer;
let redis: KeyRedis;
let store: KeyStore;

beforeAll(async () => {
  servers = await RedisServers.like(workerRedisUrl());
});

afterAll(async () => {
  await servers.stop();
});

beforeEach(async () => {
  master = await servers.server();
  replica = await servers.replicaOf(master);
  const sentinel = await servers.sentinel(master, 'main');
  redis = connectRedis(parseRedisUrl(`redis+sentinel://127.0.0.1:${sentinel.port}/main`), logger);
  await eventually(() => redis.status === 'ready', { describe: 'the connection' });
  store = new KeyStore(redis, config.nodeSecret);
});

afterEach(() => {
  redis.disconnect();
});

const isMaster = async (server: RedisServer): Promise<boolean> =>
  (await server.redis.info('replication')).includes('role:master');

describe('keys when the master of their Redis changes', () => {
  it('that were deleted, which the new master had not heard of, are deleted there again', async () => {
    const [clock, pending] = [new OwnClock(), new PendingInMemory()];
    const keeper = new KeyKeeper(store, pending, new KeyPlacing(config), clock, config, logger, new Metrics('test'));
    const put = (row: KeyRow): Promise<void> => {
      pending.put(row);
      return Promise.resolve();
    };
    const writing = { organisation, keeper, redis: master.redis, now: () => clock.now(), put };
    const key = new WrittenKey(writing, 'sha256');
    await key.edit('new');
    const name = sessionName(hashKey(key.token));
    await eventually(async () => (await replica.redis.get(name)) !== null, { describe: 'the replica to have the key' });
    // From here on it hears nothing of what happens at the master.
    await replica.redis.replicaof('127.0.0.1', 1);
    await key.delete();
    expect(await master.redis.get(name)).toBeNull();
    await master.kill();
    await eventually(async () => (await isMaster(replica)) && (await store.read(name)) !== null, {
      describe: 'the deleted session to be back',
    });
    clock.pass(config.keySettleMs + 1);
    await keeper.lookAtAllDue();
    expect(await store.read(name)).toBeNull();
  });

  it('are written at the new one though the old one only hangs, and no command waits for it', async () => {
    expect(await store.create('apikey-before', 'x', ['h'])).toBe(true);
    await eventually(async () => (await replica.redis.get('apikey-before')) !== null);
    // It goes on holding its connections, and answers nobody, sentinels included.
    await master.redis.call('CLIENT', 'PAUSE', '600000', 'ALL');
    await eventually(() => store.create('apikey-after', 'x', ['h']), { describe: 'the new master to take writes' });
    expect(await isMaster(replica)).toBe(true);
    expect(await replica.redis.mget('apikey-before', 'apikey-after')).toEqual(['x', 'x']);
  });
});
