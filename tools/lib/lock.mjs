import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { asIdentity, identify, isAlive } from './process-identity.mjs';
import { errorCode, Problem } from './problem.mjs';
import { until } from './wait.mjs';

/** @typedef {{ release: () => void }} Lock */

/**
 * Takes a lock file for this process. A lock whose process is gone is taken over.
 * @param {string} file
 * @returns {Lock | { holder: number }} the lock, or the process id of who holds it
 */
export function tryLock(file) {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const own = JSON.stringify(identify(process.pid));
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (createWith(file, own)) return { release: () => releaseLock(file, own) };
    const found = read(file);
    const holder = found === undefined ? undefined : parse(found);
    if (holder !== undefined && isAlive(holder)) return { holder: holder.pid };
    if (found !== undefined) removeStale(file, found);
  }
  throw new Problem(`The lock file ${file} changes all the time; end the other processes that use it, or remove it.`);
}

/**
 * Takes a lock, waiting for whoever holds it.
 * @param {string} file
 * @param {number} timeout milliseconds
 * @returns {Promise<Lock>}
 */
export async function waitForLock(file, timeout = 15 * 60_000) {
  let result = firstTry(file);
  await until(() => 'release' in result || 'release' in (result = tryLock(file)), { timeout, every: 200 });
  if ('release' in result) return result;
  throw new Problem(`Process ${result.holder} has held ${file} for too long; end it and try again.`);
}

/**
 * @param {string} file
 * @returns {Lock | { holder: number }}
 */
function firstTry(file) {
  try {
    return tryLock(file);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`${dirname(file)} cannot be written (${errorCode(error) ?? error}); make it so and start again.`);
  }
}

/**
 * Creates the file with its content in one step, so that nobody ever reads half a lock.
 * @param {string} file
 * @param {string} content
 */
function createWith(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes exactly the stale lock that was seen; a lock that somebody else put there in between goes back.
 * @param {string} file
 * @param {string} seen
 */
function removeStale(file, seen) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
    if (read(aside) !== seen) linkSync(aside, file);
  } catch {
    // Somebody else was faster; the next attempt sees what is there now.
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * @param {string} file
 * @param {string} own
 */
function releaseLock(file, own) {
  if (read(file) === own) rmSync(file, { force: true });
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** @param {string} text */
function parse(text) {
  try {
    return asIdentity(JSON.parse(text));
  } catch {
    return undefined;
  }
}
