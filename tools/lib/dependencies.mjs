import { join } from 'node:path';
import { dependenciesAreCurrent } from './installed.mjs';
import { waitForLock } from './lock.mjs';
import { findOnPath, root } from './paths.mjs';
import { Problem } from './problem.mjs';
import { run } from './run.mjs';

const oldestNode = /** @type {const} */ ([20, 19]);

/**
 * Refuses a Node.js that could not load the framework's ES modules from CommonJS.
 * @param {string} [version]
 */
export function checkNodeVersion(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
  throw new Problem(
    `Castellan needs Node.js ${oldestNode.join('.')} or newer and this is ${version}; install a newer one.`,
  );
}

/**
 * Installs the dependencies when they are missing or do not match the lock file.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('./progress.mjs').Progress} progress
 */
export async function ensureDependencies(env, progress) {
  if (dependenciesAreCurrent(root)) return;
  const lock = await waitForLock(join(root, 'dist', '.install.lock'));
  try {
    if (dependenciesAreCurrent(root)) return;
    await progress.step('Installing dependencies (npm ci)', (note) => install(env, note));
  } finally {
    lock.release();
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {(line: string) => void} note
 */
async function install(env, note) {
  // Under `npm start` this names the npm that is running; otherwise the one on PATH is taken.
  const script = env.npm_execpath?.endsWith('.js') ? env.npm_execpath : undefined;
  const npm = script ? process.execPath : findOnPath('npm', env);
  if (npm === undefined) throw new Problem('npm is not on PATH; install it (it comes with Node.js) and start again.');
  // With NODE_ENV=production npm would leave out what the build needs.
  const args = [...(script ? [script] : []), 'ci', '--include=dev', '--no-audit', '--no-fund'];
  // What npm warns of concerns whoever chose the packages, and looks like a fault of the start.
  const onLine = (/** @type {string} */ line) => (line.startsWith('npm warn') ? undefined : note(line));
  const done = await run(npm, args, { env, onLine });
  if (done.code === 0) return;
  const lines = done.output.split('\n').filter((line) => line !== '' && !/^npm (warn|error$)/.test(line));
  throw new Problem('npm ci failed; check the network and that the disk is writable, then start again.', {
    details: lines.slice(0, 15).join('\n'),
  });
}
