import { join } from 'node:path';
import { entries } from './build.mjs';
import { ManagedProcess } from './managed-process.mjs';
import { root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { until } from './wait.mjs';

const readyWithin = 120_000;

/**
 * Starts a built app; whether it works shows `waitUntilReady`.
 * @param {'api' | 'host-manager'} name
 * @param {{ dataDir: string, env: NodeJS.ProcessEnv }} options
 */
export function startApp(name, { dataDir, env }) {
  return new ManagedProcess({
    name,
    file: process.execPath,
    args: ['--enable-source-maps', join(root, entries[name])],
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
async function isReady(url) {
  try {
    const reply = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(3_000) });
    await reply.arrayBuffer();
    return reply.status === 200;
  } catch {
    return false;
  }
}
