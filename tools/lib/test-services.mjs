import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readJson } from './data-directory.mjs';
import { dataDirectory, root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { asIdentity, isAlive } from './process-identity.mjs';

/**
 * The environment without settings of an installation: tests neither depend on them nor touch its data.
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function withoutSettings(env) {
  const isSetting = (/** @type {string} */ name) =>
    name.startsWith('CASTELLAN_') && !name.startsWith('CASTELLAN_TEST_') && name !== 'CASTELLAN_CACHE_DIR';
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSetting(name)));
}

/**
 * Throw-away servers, a MongoDB and a Redis for each worker of Jest: the embedded MongoDB answers one command at a time, and a
 * Redis channel knows no databases.
 * @param {{ venv: string, count: number, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ env: NodeJS.ProcessEnv, stop: () => Promise<void> }>} `env`: where the tests find the servers
 */
export async function startTestServices({ venv, count, env }) {
  const started = await Promise.allSettled(Array.from({ length: count }, () => startPair({ venv, env })));
  const pairs = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const stop = async () => {
    await Promise.all(pairs.map((pair) => pair.stop()));
  };
  const failed = started.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const mongodb = pairs.map((pair) => pair.mongodb).join(' ');
  const redis = pairs.map((pair) => pair.redis).join(',');
  return { env: { CASTELLAN_TEST_MONGODB_URI: mongodb, CASTELLAN_TEST_REDIS_URLS: redis }, stop };
}

/**
 * Servers in a process of their own (`tools/services.mjs`), which stops them also when this process is killed.
 * @param {{ venv: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<{ mongodb: string, redis: string, stop: () => Promise<void> }>} their addresses
 */
async function startPair({ venv, env }) {
  const args = [join(root, 'tools', 'services.mjs'), '--redis', '1', '--venv', venv, '--durable', '0'];
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const first = await new Promise((resolve) => {
    createInterface({ input: child.stdout })
      .once('line', resolve)
      .once('close', () => resolve('{}'));
  });
  const stop = async () => {
    child.stdin.end();
    await exited;
  };
  const { mongodb, redis, error } = JSON.parse(first);
  if (error !== undefined || mongodb === undefined) {
    await stop();
    throw new Problem(
      String(error ?? 'The servers for the tests ended before they were ready.').replace(/^Error: /, ''),
    );
  }
  return { mongodb: mongodb.url, redis: redis[0].url, stop };
}

/**
 * Where `npm run services` says what it has started.
 * @param {NodeJS.ProcessEnv} env
 */
export function standingServicesFile(env) {
  return join(dataDirectory(env), 'test-services.json');
}

/**
 * The databases that `npm run services` keeps, when it runs.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ env: NodeJS.ProcessEnv, stop: () => Promise<void> } | undefined}
 */
export function standingServices(env) {
  const { mongodb, redis, ...keeper } = readJson(standingServicesFile(env));
  const identity = asIdentity(keeper);
  if (identity === undefined || !isAlive(identity) || typeof mongodb !== 'string' || typeof redis !== 'string')
    return undefined;
  return { env: { CASTELLAN_TEST_MONGODB_URI: mongodb, CASTELLAN_TEST_REDIS_URLS: redis }, stop: async () => {} };
}
