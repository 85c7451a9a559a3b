import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
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
 * Whether `node_modules` is at least as new as the lock file. A lock file that is newer only because it was checked out
 * again says the same as npm's record of what is installed, and needs no new installation.
 * @param {string} folder
 */
export function dependenciesAreCurrent(folder) {
  const record = join(folder, 'node_modules', '.package-lock.json');
  const lockFile = join(folder, 'package-lock.json');
  if (!existsSync(record)) return false;
  if (statSync(record).mtimeMs >= statSync(lockFile).mtimeMs) return true;
  if (!recordMatches(readPackages(record), readPackages(lockFile))) return false;
  const now = new Date();
  utimesSync(record, now, now);
  return true;
}

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean, peer?: boolean }>} LockedPackages */

/**
 * @param {LockedPackages} installed
 * @param {LockedPackages} locked
 */
function recordMatches(installed, locked) {
  const wanted = Object.entries(locked).filter(([path]) => path !== '');
  const allThere = wanted.every(([path, { version, integrity, optional }]) => {
    const found = installed[path];
    return found === undefined ? optional === true : found.version === version && found.integrity === integrity;
  });
  return allThere && Object.keys(installed).every((path) => path in locked);
}

/**
 * @param {string} file
 * @returns {LockedPackages}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
  } catch {
    return {};
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
  const done = await run(npm, args, { env, onLine: note });
  if (done.code === 0) return;
  const lines = done.output.split('\n').filter((line) => line !== '' && !/^npm (warn|error$)/.test(line));
  throw new Problem('npm ci failed; check the network and that the disk is writable, then start again.', {
    details: lines.slice(0, 15).join('\n'),
  });
}
