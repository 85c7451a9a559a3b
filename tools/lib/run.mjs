import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

/** @typedef {{ code: number, output: string }} Outcome `code`: 127 when it could not be started, 128 when a signal ended it */

/** Process groups of programs that are running now. @type {Set<number>} */
const groups = new Set();

process.on('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGKILL');
});

/**
 * Runs a program to its end and keeps what it wrote. It has a process group of its own: a time-out or the end of this process
 * ends its children as well.
 * @param {string} file
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {number} [options.timeout] milliseconds
 * @param {number} [options.silence] milliseconds that it may write nothing
 * @param {boolean} [options.show] writes through to the terminal instead of keeping the output
 * @param {boolean} [options.interactive] lets it read from the terminal too, in our process group
 * @param {(line: string) => void} [options.onLine] gets each line as it comes
 * @returns {Promise<Outcome>}
 */
export function run(file, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      stdio: options.interactive
        ? 'inherit'
        : options.show
          ? ['ignore', 'inherit', 'inherit']
          : ['ignore', 'pipe', 'pipe'],
      // Only the foreground group may read from a terminal.
      detached: options.interactive !== true,
    });
    const group = options.interactive ? undefined : child.pid;
    if (group !== undefined) groups.add(group);
    let output = '';
    /** @type {NodeJS.Timeout | undefined} */
    let patience;
    const timer = options.timeout === undefined ? undefined : setTimeout(giveUp, options.timeout, 'Not finished');
    const silence = options.silence === undefined ? undefined : setTimeout(giveUp, options.silence, 'Not a word');

    /** @param {string} what */
    function giveUp(what) {
      output += `\n${what} after ${(options.timeout ?? options.silence ?? 0) / 1000} s: ended.\n`;
      if (group !== undefined) signalGroup(group, 'SIGKILL');
    }

    /** @param {number} code */
    function finish(code) {
      clearTimeout(timer);
      clearTimeout(silence);
      clearTimeout(patience);
      if (group !== undefined) groups.delete(group);
      resolve({ code, output });
    }

    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (/** @type {string} */ text) => {
        output += text;
        silence?.refresh();
        for (const line of text.split(/[\r\n]+/)) if (line.trim() !== '') options.onLine?.(line.trim());
      });
    }
    child.once('error', (error) => {
      output += `${file}: ${error.message}\n`;
      finish(127);
    });
    // Something it left behind may hold its output open for ever.
    child.once('exit', (code, signal) => {
      if (signal !== null) output += `\nEnded by ${signal}.\n`;
      patience = setTimeout(finish, 5_000, code ?? 128);
    });
    child.once('close', (code) => finish(code ?? 128));
  });
}

/** Ends every program that is running now, with its children. */
export function endAllRuns() {
  for (const group of groups) signalGroup(group, 'SIGTERM');
}

/**
 * @param {number} group
 * @param {NodeJS.Signals} signal
 */
function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch {
    // It is gone already.
  }
}
