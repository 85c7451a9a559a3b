import { join } from 'node:path';
import { entries, mains } from './build.mjs';
import { ManagedProcess } from './managed-process.mjs';
import { root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { until } from './wait.mjs';

const readyWithin = 120_000;

/** @typedef {'api' | 'host-manager'} AppName */

/**
 * Starts a built app; whether it works shows `waitUntilReady`.
 * @param {AppName} name
 * @param {object} options
 * @param {string} options.dataDir
 * @param {NodeJS.ProcessEnv} options.env
 * @param {number} [options.inspect] starts it again when its files change, with a debugger's port
 */
export function startApp(name, { dataDir, env, inspect }) {
  const watching =
    inspect === undefined ? [] : ['--watch', '--watch-preserve-output', `--inspect=127.0.0.1:${inspect}`];
  return new ManagedProcess({
    name,
    file: process.execPath,
    args: ['--enable-source-maps', ...watching, join(root, (inspect === undefined ? entries : mains)[name])],
    logFile: join(dataDir, 'logs', `${name}.log`),
    cwd: root,
    env,
  });
}

/**
 * Waits until the app says that it is ready.
 * @param {ManagedProcess} app
 * @param {string} url its address
 */
export async function waitUntilReady(app, url) {
  const ready = await until(() => app.ended !== undefined || isReady(url), { timeout: readyWithin, every: 100 });
  if (app.ended !== undefined) throw app.unexpectedEnd(`what it said last is below, all of it in ${app.logFile}`);
  if (ready) return;
  throw new Problem(
    `${app.name} is not ready after ${readyWithin / 1000} s; what it said last is below, all of it in ${app.logFile}.`,
    { details: app.logTail() },
  );
}

/** @param {string} url */
function isReady(url) {
  return answersWell(`${url}/health/ready`);
}

/**
 * Whether the app itself answers there; what only says that it starts or stops does not count.
 * @param {string} url
 */
export function isAlive(url) {
  return answersWell(`${url}/health/live`);
}

/** @param {string} url */
async function answersWell(url) {
  try {
    const reply = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    await reply.arrayBuffer();
    return reply.status === 200;
  } catch {
    return false;
  }
}
