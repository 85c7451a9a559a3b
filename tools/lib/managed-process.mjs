import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { identify } from './process-identity.mjs';
import { Problem } from './problem.mjs';
import { within } from './wait.mjs';

const logLimit = 10 * 1024 * 1024;

/** Every live child of this process, for the last resort below. @type {Set<ManagedProcess>} */
const alive = new Set();

// Whatever way this process ends, nothing of it stays behind. (After SIGKILL nobody runs this: the next start ends what `process-identity.mjs` knows again.)
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/**
 * @typedef {object} Command
 * @property {string} name how it is called in messages
 * @property {string} file the program
 * @property {string[]} args
 * @property {string} logFile receives what it writes
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 */

/** One running child, in a process group of its own so that Ctrl-C reaches only the launcher, which stops things in order. */
export class ManagedProcess {
  /** @type {import('node:child_process').ChildProcess} */
  #child;
  /** @type {string | undefined} */
  #ended;
  #askedToEnd = false;

  /** @param {Command} command */
  constructor(command) {
    this.name = command.name;
    this.logFile = command.logFile;
    mkdirSync(dirname(command.logFile), { recursive: true, mode: 0o700 });
    turnLog(command.logFile);
    const log = openSync(command.logFile, 'a', 0o600);
    try {
      this.#logStart = statSync(command.logFile).size;
      this.#child = spawn(command.file, command.args, {
        cwd: command.cwd,
        env: command.env ?? process.env,
        stdio: ['ignore', log, log],
        detached: true,
      });
    } finally {
      closeSync(log);
    }
    alive.add(this);
    /** Resolves with how it ended, as words. @type {Promise<string>} */
    this.exited = new Promise((resolve) => {
      /** @param {string} how */
      const end = (how) => {
        alive.delete(this);
        this.#ended = how;
        resolve(how);
      };
      this.#child.once('error', (error) => end(`could not be started (${error.message})`));
      this.#child.once('exit', (code, signal) => end(signal ? `was ended by ${signal}` : `exited with code ${code}`));
    });
    this.identity = this.#child.pid === undefined ? undefined : identify(this.#child.pid);
  }

  /** @type {number} */
  #logStart;

  get pid() {
    return this.#child.pid ?? 0;
  }

  /** How it ended; undefined while it runs. */
  get ended() {
    return this.#ended;
  }

  /** Whether its end was asked for by `stop`. */
  get askedToEnd() {
    return this.#askedToEnd;
  }

  /**
   * Ends it and waits until it is really gone; SIGKILL follows when it does not go in time.
   * @param {NodeJS.Signals} [signal]
   * @param {number} [grace] milliseconds
   */
  async stop(signal = 'SIGTERM', grace = 20_000) {
    this.#askedToEnd = true;
    if (this.#ended !== undefined) return;
    this.kill(signal);
    if ((await within(this.exited, grace)) === undefined) this.kill('SIGKILL');
    await this.exited;
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal) {
    this.#askedToEnd = true;
    if (this.#ended === undefined) this.#child.kill(signal);
  }

  /**
   * The last lines it wrote since it was started.
   * @param {number} [lines]
   */
  logTail(lines = 20) {
    try {
      const text = readFileSync(this.logFile).subarray(this.#logStart).toString('utf8').trimEnd();
      return text.split('\n').slice(-lines).join('\n');
    } catch {
      return '';
    }
  }

  /**
   * The problem to report when it ended without having been asked to.
   * @param {string} [wayOut]
   */
  unexpectedEnd(wayOut = `see ${this.logFile}`) {
    return new Problem(`${this.name} ${this.#ended ?? 'did not become ready'}; ${wayOut}.`, {
      details: this.logTail(),
    });
  }
}

/**
 * Keeps one older log beside the current one, so that logs do not grow without end.
 * @param {string} file
 */
function turnLog(file) {
  try {
    if (statSync(file).size > logLimit) renameSync(file, `${file}.1`);
  } catch {
    // There is no log yet.
  }
}
