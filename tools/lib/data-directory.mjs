import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tryLock } from './lock.mjs';
import { errorCode, Problem } from './problem.mjs';

/**
 * Makes the data directory, for this user alone, and takes it for this process: two launchers on the same data would
 * damage them.
 * @param {string} folder
 * @returns {import('./lock.mjs').Lock}
 */
export function openDataDirectory(folder) {
  try {
    makeFolder(folder);
    if ((statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
    const lock = tryLock(join(folder, 'launcher.lock'));
    if ('release' in lock) return lock;
    throw new Problem(
      `Castellan runs already on ${folder} (process ${lock.holder}); stop that one, or set CASTELLAN_DATA_DIR to another folder.`,
    );
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      `The data directory ${folder} cannot be written (${errorCode(error) ?? error}); set CASTELLAN_DATA_DIR to a folder of yours.`,
      { cause: error },
    );
  }
}

/**
 * Makes a folder and those above it. (mkdir's own `recursive` never returns where the system answers that an existing
 * folder does not exist, as /proc does.)
 * @param {string} folder
 */
function makeFolder(folder) {
  if (existsSync(folder) && statSync(folder).isDirectory()) return;
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}

/**
 * @param {string} file
 * @returns {Record<string, unknown>} empty when there is no such file or it holds something else
 */
export function readJson(file) {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

/**
 * Writes a file that only this user may read, in one step: whoever reads it sees the old content or the new one.
 * @param {string} file
 * @param {unknown} value
 */
export function writePrivateJson(file, value) {
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}
