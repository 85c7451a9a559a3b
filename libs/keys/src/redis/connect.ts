import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from '@castellan/observability';
import type { RedisDeployment } from './deployment';

/** A connection to one server, to whichever is master at the time, or to a cluster. */
export type KeyRedis = Redis | Cluster;

/** The mapping of replies is left alone; with it said to be possibly undefined, no overload takes the options. */
type Options = Omit<RedisOptions, 'replyMapping'>;

/** Sentinels may have a user and a password of their own; empty when they do not. */
interface SentinelCredentials {
  readonly username: string;
  readonly password: string;
}

const longestRetryMs = 1_000;
const retry = (times: number): number => Math.min(times * 50, longestRetryMs);

/**
 * Opens a connection that finds its way back by itself, to another master too. A command that cannot run now fails within
 * seconds, so that its caller can say so instead of hanging.
 */
export function connectRedis(
  deployment: RedisDeployment,
  logger: Logger,
  sentinel: SentinelCredentials = { username: '', password: '' },
): KeyRedis {
  const redis = deployment.kind === 'cluster' ? cluster(deployment) : server(deployment, sentinel);
  redis.on('error', (error: Error) => {
    logger.warn({ err: error }, 'The connection to the Redis of the keys failed');
  });
  return redis;
}

/** Every server that holds keys of its own: a cluster has several, and each has to be asked for what it has. */
export function mastersOf(redis: KeyRedis): readonly Redis[] {
  return redis instanceof Redis ? [redis] : redis.nodes('master');
}

function server({ kind, addresses, ...deployment }: RedisDeployment, sentinel: SentinelCredentials): Redis {
  const common: Options = {
    ...account(deployment),
    db: deployment.database,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: retry,
  };
  if (kind === 'single') return new Redis({ ...common, ...addresses[0] });
  const redis = new Redis({
    ...common,
    sentinels: [...addresses],
    name: deployment.master ?? '',
    role: 'master',
    // Sentinels say when there is a new master; otherwise it would be noticed only when the old one closes the connection.
    failoverDetector: true,
    sentinelRetryStrategy: retry,
    ...(sentinel.username === '' ? {} : { sentinelUsername: sentinel.username }),
    ...(sentinel.password === '' ? {} : { sentinelPassword: sentinel.password }),
    ...(deployment.tls ? { sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
  });
  return comingBack(redis);
}

/**
 * A word of a new master in the middle of an attempt to connect ends the client for good (ioredis 5), without a connection that
 * was closed before; so it begins again, unless it was told to end.
 */
function comingBack(redis: Redis): Redis {
  let isConnecting = false;
  redis.on('connecting', () => {
    isConnecting = true;
  });
  redis.on('close', () => {
    isConnecting = false;
  });
  redis.on('end', () => {
    if (!isConnecting || Reflect.get(redis, 'manuallyClosing') === true) return;
    setTimeout(() => {
      if (redis.status === 'end') redis.connect().catch(() => undefined);
    }, retry(1)).unref();
  });
  return redis;
}

function cluster({ addresses, ...deployment }: RedisDeployment): Cluster {
  return new Cluster([...addresses], {
    enableOfflineQueue: false,
    clusterRetryStrategy: retry,
    // A new master is elected within seconds; a command waits that long for it, and no longer.
    maxRedirections: 16,
    retryDelayOnFailover: 200,
    retryDelayOnClusterDown: 200,
    retryDelayOnMoved: 20,
    slotsRefreshTimeout: 2_000,
    slotsRefreshInterval: 5_000,
    redisOptions: account(deployment),
  });
}

function account({ username, password, tls }: Omit<RedisDeployment, 'kind' | 'addresses'>): Options {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    connectTimeout: 5_000,
    commandTimeout: 5_000,
    // What a server that has just become a replica answers: the connection, and the command, go to the new master.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  };
}
