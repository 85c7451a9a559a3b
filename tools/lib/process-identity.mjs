import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { until } from './wait.mjs';

/**
 * A process that can be recognised later: process ids are given out again, a process id together with the time
 * the process started is not.
 * @typedef {{ pid: number, started: string }} ProcessIdentity
 */

/**
 * @param {number} pid
 * @returns {ProcessIdentity | undefined} undefined when there is no such process
 */
export function identify(pid) {
  const started = startTime(pid);
  return started === undefined ? undefined : { pid, started };
}

/** @param {ProcessIdentity} identity */
export function isAlive(identity) {
  return startTime(identity.pid) === identity.started;
}

/**
 * Parses what a file says about a process.
 * @param {unknown} value
 * @returns {ProcessIdentity | undefined}
 */
export function asIdentity(value) {
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('started' in value)) return undefined;
  const { pid, started } = value;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 1 || typeof started !== 'string')
    return undefined;
  return { pid, started };
}

/**
 * Ends a process that is not a child of ours: SIGTERM, and SIGKILL when that does not help.
 * @param {ProcessIdentity} identity
 * @param {number} [grace] milliseconds between the two
 * @returns {Promise<boolean>} whether it is gone
 */
export async function endProcess(identity, grace = 15_000) {
  for (const [signal, timeout] of /** @type {const} */ ([
    ['SIGTERM', grace],
    ['SIGKILL', 5_000],
  ])) {
    if (!isAlive(identity)) return true;
    try {
      process.kill(identity.pid, signal);
    } catch {
      // It ended by itself, or belongs to somebody else: the check below tells.
    }
    if (await until(() => !isAlive(identity), { timeout })) return true;
  }
  return false;
}

/**
 * @param {number} pid
 * @returns {string | undefined}
 */
function startTime(pid) {
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
}

/** @param {number} pid */
function startTimeFromProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets and may contain anything; proc(5) counts the start time as field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** @param {number} pid */
function startTimeFromPs(pid) {
  try {
    const options = { encoding: /** @type {const} */ ('utf8'), env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } };
    const line = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { ...options, stdio: 'pipe' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}
