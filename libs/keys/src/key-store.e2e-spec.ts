import { createServer } from 'node:tls';
import { Redis } from 'ioredis';
import { createLogger } from '@castellan/observability';
import { eventually, redisCommandsOf, RedisServers, unique } from '@castellan/testing';
import { NOTIFICATION_CHANNEL, verifyNotification, writeClient } from '@castellan/tyk';
import { workerRedisUrl } from '../../../test/support/test-services';
import { CertificateVault, textDigest } from './certificate-vault';
import { KeyStore, NO_TEXT } from './key-store';
import { OAuthVault } from './oauth-vault';
import { refusedTo } from './permissions';
import { connectRedis, type KeyRedis } from './redis/connect';
import { parseRedisUrl } from './redis/deployment';

const nodeSecret = 'node-secret-of-the-test';
const logger = createLogger('test', 'silent');

/** A store on a Redis that is ready. */
const open = async (url: string): Promise<{ store: KeyStore; redis: KeyRedis }> => {
  const redis = connectRedis(parseRedisUrl(url), logger);
  await eventually(() => redis.status === 'ready', { describe: 'the connection' });
  return { store: new KeyStore(redis, nodeSecret), redis };
};

/** Messages as a node that is connected to this server hears them. */
const listen = async (port: number): Promise<{ payloads: string[]; stop: () => void }> => {
  const redis = new Redis({ port, host: '127.0.0.1' });
  const payloads: string[] = [];
  redis.on('message', (_channel: string, message: string) => {
    const read = verifyNotification(message, nodeSecret);
    payloads.push(read.ok ? `${read.command} ${read.payload}` : read.reason);
  });
  await redis.subscribe(NOTIFICATION_CHANNEL);
  return {
    payloads,
    stop: () => {
      redis.disconnect();
    },
  };
};

const walk = async (store: KeyStore, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for (const beginning of store.beginnings()) {
    let place = beginning;
    do {
      const page = await store.scan(place, prefix);
      if (page === null) throw new Error('a server is gone');
      found.push(...page.names);
      place = page.next;
    } while (place.cursor !== '0');
  }
  return found;
};

let servers: RedisServers;

beforeAll(async () => {
  servers = await RedisServers.like(workerRedisUrl());
});

afterAll(async () => {
  await servers.stop();
});

describe.each(['a single Redis', 'a cluster of three masters'])('the key store on %s', (deployment) => {
  let ports: number[];
  let store: KeyStore;
  let redis: KeyRedis;

  beforeAll(async () => {
    if (deployment === 'a single Redis') {
      ports = [(await servers.server()).port];
      ({ store, redis } = await open(`redis://127.0.0.1:${ports[0] ?? 0}`));
    } else {
      const { masters, replica } = await servers.cluster(3);
      ports = [...masters, replica].map(({ port }) => port);
      ({ store, redis } = await open(`redis+cluster://127.0.0.1:${ports[0] ?? 0}`));
    }
  });

  afterAll(() => {
    redis.disconnect();
  });

  it('creates a session once, and tells every node under all the names', async () => {
    const listeners = await Promise.all(ports.map(listen));
    const name = unique('apikey-');
    expect(await store.create(name, '{"a":1}', ['h1', 'h2'])).toBe(true);
    expect(await store.create(name, '{"a":2}', ['h1'])).toBe(false);
    expect(await store.read(name)).toBe('{"a":1}');
    for (const { payloads, stop } of listeners) {
      await eventually(() => payloads.length > 0);
      expect(payloads).toEqual(['KeySpaceUpdateNotification h1,h2']);
      stop();
    }
  });

  it('creates many, but for those under whose names something lies, and tells nodes of those that it made', async () => {
    const listeners = await Promise.all(ports.map(listen));
    const [first, taken, last] = [unique('apikey-'), unique('apikey-'), unique('apikey-')];
    await redis.set(taken, 'theirs');
    const sessions = [first, taken, last].map((name, at) => ({ name, text: `{"a":${at}}`, announced: [`h${at}`] }));
    let made: readonly boolean[] = [];
    const sent = await redisCommandsOf(async () => {
      made = await store.createAll(sessions);
    });
    expect(made).toEqual([true, false, true]);
    expect(sent.filter((name) => name === 'eval')).toHaveLength(deployment === 'a single Redis' ? 1 : 3);
    expect(await store.readMany([first, taken, last])).toEqual(['{"a":0}', 'theirs', '{"a":2}']);
    for (const { payloads, stop } of listeners) {
      await eventually(() => payloads.length > 1);
      expect(payloads.toSorted()).toEqual(['KeySpaceUpdateNotification h0', 'KeySpaceUpdateNotification h2']);
      stop();
    }
    expect(await store.createAll([])).toEqual([]);
  });

  it('replaces what it has read, and leaves alone what somebody else has changed meanwhile', async () => {
    const name = unique('apikey-');
    await store.create(name, 'one', ['h']);
    await redis.expire(name, 1_000);
    expect(await store.replace(name, 'one', 'two', ['h'])).toBe(true);
    expect(await store.replace(name, 'one', 'three', ['h'])).toBe(false);
    expect(await store.replace(unique('apikey-'), 'one', 'two', ['h'])).toBe(false);
    expect(await store.read(name)).toBe('two');
    expect(await redis.ttl(name)).toBeGreaterThan(900);
  });

  it('removes what it has read, and nothing else', async () => {
    const name = unique('apikey-');
    await store.create(name, 'one', ['h']);
    expect(await store.remove(name, 'two', ['h'])).toBe(false);
    expect(await store.remove(name, 'one', ['h'])).toBe(true);
    expect(await store.remove(name, 'one', ['h'])).toBe(false);
    expect(await store.read(name)).toBeNull();
  });

  it('lets one of many writers win', async () => {
    const name = unique('apikey-');
    await store.create(name, 'start', ['h']);
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => store.replace(name, 'start', String(writer), ['h'])),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await store.read(name)).toBe(String(results.indexOf(true)));
  });

  it('finds every key, wherever it lies, and reads many at once', async () => {
    const prefix = unique('apikey-');
    const names = Array.from({ length: 2_500 }, (_, index) => `${prefix}-${index}`);
    await Promise.all(names.map((name) => redis.set(name, name)));
    expect(new Set(await walk(store, prefix))).toEqual(new Set(names));
    expect(await store.readMany([...names, 'missing'])).toEqual([...names, null]);
    const sent = await redisCommandsOf(() => store.forget([...names, 'missing']));
    // In a cluster no command may name what lies on two servers.
    const expected =
      deployment === 'a single Redis' ? ['unlink', 'unlink'] : Array.from({ length: 2_501 }, () => 'del');
    expect(sent.filter((name) => name === 'unlink' || name === 'del')).toEqual(expected);
    expect(await walk(store, prefix)).toEqual([]);
    expect(await store.readMany([])).toEqual([]);
  });

  it('meets something that is no session without an error', async () => {
    const name = unique('apikey-');
    await redis.hset(name, 'a', '1');
    expect(await store.read(name)).toBe(NO_TEXT);
    expect(await store.readMany([name])).toEqual([null]);
    await expect(store.replace(name, 'x', 'y', [])).rejects.toThrow('WRONGTYPE');
    expect(await redis.hget(name, 'a')).toBe('1');
  });

  it('has certificates beside the keys, each once in the list of its organisation', async () => {
    const vault = new CertificateVault(redis);
    const organisation = unique('organisation');
    const ids = Array.from({ length: 20 }, () => `${organisation}${unique('fingerprint')}`);
    await Promise.all([...ids, ...ids].map((id) => vault.put(organisation, id, `text of ${id}`)));
    expect([...(await vault.listed(organisation))].sort()).toEqual([...ids].sort());
    expect(await vault.digests([...ids, 'missing'])).toEqual([...ids.map((id) => textDigest(`text of ${id}`)), '']);
    const [gone = '', ...left] = ids;
    await vault.remove(organisation, gone);
    expect(await vault.read(gone)).toBeNull();
    expect([...(await vault.listed(organisation))].sort()).toEqual([...left].sort());
  });

  it('has OAuth clients beside the keys, in every place that nodes look at, and forgets their tokens one by one', async () => {
    const vault = new OAuthVault(redis, store);
    const [organisation, apiId, clientId] = [unique('organisation'), unique('api'), unique('app')];
    const text = (description: string): string =>
      writeClient({ clientId, secret: 's', redirectUri: 'https://a/', policyId: '', metadata: null, description });
    const set = (): Promise<string[]> => redis.smembers(`oauth-data.${apiId}.oauth-clientset.oauth-clientid.`);
    const place = { organisation, apiId, clientId };
    for (const description of ['one', 'two', 'two']) {
      expect(await vault.swapClient(place, await vault.readClient(apiId, clientId), text(description))).toBe(true);
      await vault.listClient(place, text(description));
    }
    expect(await vault.swapClient(place, text('one'), text('three'))).toBe(false);
    expect(await vault.dropClient(place, text('one'))).toBe(false);
    expect([await vault.readClient(apiId, clientId), await set()]).toEqual([text('two'), [text('two')]]);
    expect(await vault.listed(organisation, apiId, 10)).toEqual([clientId]);

    // Tokens that end in the same second, as nodes issue them.
    const ends = Math.floor(Date.now() / 1_000) + 1_000;
    const hashes = Array.from({ length: 30 }, () => unique('hash')).sort();
    for (const hash of hashes) {
      const token = JSON.stringify({ Client: { id: clientId }, AccessToken: hash, RefreshToken: `refresh-${hash}` });
      await redis.set(`oauth-data.${apiId}.oauth-access.${hash}`, token);
      await redis.set(`oauth-data.${apiId}.oauth-refresh.refresh-${hash}`, token);
      await redis.zadd(`oauth-data.${apiId}.oauth-client-tokens.${clientId}`, ends, hash);
    }
    const [first, ...others] = await vault.endings(apiId, hashes);
    if (first === undefined) throw new Error('no token');
    expect(first.issued).toMatchObject({ clientId, refreshToken: `refresh-${first.hash}` });
    await vault.forgetToken(apiId, clientId, first);
    expect((await vault.tokens(apiId, clientId, 0, 0, 100)).map(({ hash }) => hash)).toEqual(
      others.map(({ hash }) => hash),
    );
    const met: string[] = [];
    await vault.walk(apiId, (found) => {
      met.push(...found.map(([name]) => name));
      return Promise.resolve();
    });
    expect(met.filter((name) => /access|refresh/.test(name))).toHaveLength(2 * others.length);
    expect(await vault.dropClient(place, text('two'))).toBe(true);
    await vault.unlistClient(place);
    await vault.forget(met);
    expect([await vault.readClient(apiId, clientId), await set()]).toEqual([null, []]);
    expect(await vault.listed(organisation, apiId, 10)).toEqual([]);
  });

  it('does not look at a server that is not, or no longer, there', async () => {
    expect(await store.scan({ server: '127.0.0.1:1', cursor: '7' }, 'apikey-')).toBeNull();
  });
});

describe('the key store while slots of a cluster move', () => {
  it('reads, writes and deletes what is on its way, and loses nothing', async () => {
    const { masters } = await servers.cluster(3);
    const { store, redis } = await open(`redis+cluster://127.0.0.1:${masters[0]?.port ?? 0}`);
    const [source, target] = masters;
    if (source === undefined || target === undefined) throw new Error('no masters');
    const tag = await firstName(async (name) => (await source.redis.append(name, 'x')) > 0);
    const slot = String(await source.redis.call('CLUSTER', 'KEYSLOT', tag));
    const [from, to] = await Promise.all(
      [source, target].map(async (one) => String(await one.redis.call('CLUSTER', 'MYID'))),
    );
    const name = (index: number): string => `${tag}-${index}`;
    for (let index = 0; index < 10; index += 1) await store.create(name(index), 'old', ['h']);
    await target.redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from ?? '');
    await source.redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to ?? '');
    const moved = [0, 1, 2, 3, 4].map(name);
    await source.redis.call('MIGRATE', '127.0.0.1', String(target.port), '', '0', '5000', 'KEYS', ...moved);
    // Half of them are there and half of them here; new ones come to where they will be.
    for (let index = 0; index < 10; index += 1)
      expect(await store.replace(name(index), 'old', 'new', ['h'])).toBe(true);
    expect(await store.create(name(10), 'new', ['h'])).toBe(true);
    for (const gone of [0, 9]) expect(await store.remove(name(gone), 'new', ['h'])).toBe(true);
    await source.redis.call(
      ...['MIGRATE', '127.0.0.1', String(target.port), '', '0', '5000', 'KEYS', tag],
      ...[5, 6, 7, 8].map(name),
    );
    for (const { redis: one } of [target, source, ...masters.slice(2)])
      await one.call('CLUSTER', 'SETSLOT', slot, 'NODE', to ?? '');
    const names = Array.from({ length: 11 }, (_, index) => name(index));
    const expected = names.map((_, index) => ([0, 9].includes(index) ? null : 'new'));
    expect(await eventually(() => store.readMany(names))).toEqual(expected);
    expect((await walk(store, tag)).filter((one) => one !== tag)).toHaveLength(9);
    redis.disconnect();
  });
});

describe('the key store when a master is gone', () => {
  it('goes on with the new master of a cluster', async () => {
    const { masters } = await servers.cluster(3);
    const { store, redis } = await open(`redis+cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`);
    const first = masters[0];
    const there = await firstName(async (name) => (await first?.redis.set(name, 'x')) === 'OK');
    expect(await store.read(there)).toBe('x');
    await first?.kill();
    await eventually(() => store.create(`${there}-after`, 'x', ['h']), {
      describe: 'the replica to take writes',
    });
    expect(store.beginnings()).toHaveLength(3);
    redis.disconnect();
  });

  it('goes on with the new master that a sentinel names', async () => {
    const master = await servers.server();
    const replica = await servers.replicaOf(master);
    const sentinel = await servers.sentinel(master, 'main');
    const { store, redis } = await open(`redis+sentinel://127.0.0.1:${sentinel.port}/main`);
    expect(await store.create('apikey-before', 'x', ['h'])).toBe(true);
    await master.kill();
    await eventually(() => store.create('apikey-after', 'x', ['h']), {
      describe: 'the new master to take writes',
    });
    expect(await replica.redis.info('replication')).toContain('role:master');
    redis.disconnect();
  });
});

/** A name of the form `apikey-{…}` that a server of a cluster takes, so that it lies there. */
const firstName = async (takes: (name: string) => Promise<boolean>): Promise<string> => {
  for (let count = 0; ; count += 1) {
    const name = `apikey-{${count}}`;
    if (await takes(name).catch(() => false)) return name;
  }
};

describe('the way to a Redis', () => {
  it('leads to the database and with the account that the URL names', async () => {
    const { port, redis: admin } = await servers.server();
    await admin.call('ACL', 'SETUSER', 'keys', 'on', '>p@ss', '~apikey-*', '&*', '+@all');
    const { store, redis } = await open(`redis://keys:p%40ss@127.0.0.1:${port}/3`);
    expect(await store.create('apikey-x', 'x', ['h'])).toBe(true);
    await expect(store.read('other')).rejects.toThrow('NOPERM');
    await admin.select(3);
    expect(await admin.get('apikey-x')).toBe('x');
    redis.disconnect();
  });

  it('has an account of which it is said what it may not do that keys need', async () => {
    const { port, redis: admin } = await servers.server();
    const refused = async (name: string, ...rules: string[]): Promise<readonly string[]> => {
      await admin.call('ACL', 'SETUSER', name, 'on', '>secret', ...rules);
      const { redis } = await open(`redis://${name}:secret@127.0.0.1:${port}`);
      const said = await refusedTo(redis);
      redis.disconnect();
      return said;
    };
    expect(await refused('all', '~*', '&*', '+@all')).toEqual([]);
    expect(await refused('mute', '~*', '&*', '+@all', '-publish')).toEqual(['PUBLISH']);
    expect(await refused('elsewhere', '~*', 'resetchannels', '&other', '+@all')).toEqual(['PUBLISH']);
    expect(await refused('blind', '~*', '&*', '+@all', '-scan')).toEqual(['SCAN']);
    expect(await refused('bare', '~*', '&*', '+@all', '-eval')).toEqual(['EVAL']);
    const names = ['~apikey-*', '~quota-*', '~rate-limit-*', '~orgkey.*', '~oauth-data.*'];
    expect(await refused('narrow', ...names, '&*', '+@all')).toEqual(['GET cert-', 'SET cert-', 'DEL cert-']);
  });

  it('is not taken with a wrong password, and the log has its reason', async () => {
    const { port, redis: admin } = await servers.server();
    await admin.config('SET', 'requirepass', 'right');
    const redis = connectRedis(parseRedisUrl(`redis://:wrong@127.0.0.1:${port}`), logger);
    const reason = await new Promise<Error>((resolve) => redis.once('error', resolve));
    expect(reason.message).toContain('WRONGPASS');
    redis.disconnect();
  });

  it('leads past sentinels with a password of their own, and says when that is wrong', async () => {
    const master = await servers.server();
    await servers.replicaOf(master);
    const sentinel = await servers.sentinel(master, 'main');
    await sentinel.redis.call('SENTINEL', 'SET', 'main', 'auth-pass', 'of-servers');
    await sentinel.redis.call('ACL', 'SETUSER', 'default', 'resetpass', '>of-sentinels');
    await master.redis.config('SET', 'requirepass', 'of-servers');
    const url = parseRedisUrl(`redis+sentinel://:of-servers@127.0.0.1:${sentinel.port}/main`);
    const redis = connectRedis(url, logger, { username: '', password: 'of-sentinels' });
    await eventually(() => redis.status === 'ready', { describe: 'the connection' });
    expect(await new KeyStore(redis, nodeSecret).create('apikey-x', 'x', ['h'])).toBe(true);
    redis.disconnect();
    const refused = connectRedis(url, logger, { username: '', password: 'of-servers' });
    const reason = await new Promise<Error>((resolve) => refused.once('error', resolve));
    expect(reason.message).toContain('WRONGPASS');
    refused.disconnect();
  });

  it('is encrypted when the URL says so', async () => {
    const hello = await new Promise<string>((resolve, reject) => {
      // It has no certificate to show, so nothing comes of it but the first line of the client.
      const server = createServer({}, () => undefined);
      server.once('tlsClientError', (error: Error) => {
        resolve(error.message);
        server.close();
      });
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        const port = typeof address === 'object' && address !== null ? address.port : 0;
        const redis = connectRedis(parseRedisUrl(`rediss://127.0.0.1:${port}`), logger);
        server.once('close', () => {
          redis.disconnect();
        });
      });
    });
    expect(hello).toMatch(/no shared cipher|no suitable/i);
  });

  it('fails soon instead of hanging when nobody is there', async () => {
    const redis = connectRedis(parseRedisUrl('redis://127.0.0.1:1'), logger);
    await expect(new KeyStore(redis, nodeSecret).ping()).rejects.toThrow();
    redis.disconnect();
  });
});
