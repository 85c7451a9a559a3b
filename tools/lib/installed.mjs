import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

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
