import { mkdirSync } from 'node:fs';
import { ManagedProcess } from './managed-process.mjs';
import { choosePort, listenError } from './ports.mjs';
import { PortTaken, Problem } from './problem.mjs';
import { until } from './wait.mjs';

const readyWithin = 60_000;
const portAttempts = 5;
/** How long the port that a server had may be somebody else's when it comes back, in milliseconds. */
const portWithin = 10_000;

/**
 * @typedef {object} ServerKind one way to run a server
 * @property {string} kind
 * @property {string} label for people
 * @property {string | undefined | (() => string)} file the program; undefined when it is not there
 * @property {import('./venv.mjs').PackageName} [package] what to install before `file` exists
 * @property {NodeJS.ProcessEnv} [env]
 * @property {(port: number, folder: string) => string[]} args
 * @property {(port: number) => string} url
 * @property {(port: number) => Promise<boolean>} isReady
 * @property {(port: number) => Promise<void>} [afterStart] what it needs once it answers; settles when it can be used
 */

/**
 * @typedef {object} ServerPlace
 * @property {string} name how it is called in messages
 * @property {string} folder its data
 * @property {string} logFile
 * @property {number} port 0 for any free one
 * @property {boolean} [portIsFixed] true when a port in use is the user's problem and no other one is taken
 * @property {string} [portVariable] the environment variable that sets it
 * @property {(server: Server) => void} [onSpawn] called as soon as there is a process, before it is ready
 */

/** A server of ours: started, stopped and started again on the same port with the same data. */
export class Server {
  /** @type {ServerKind} */
  #how;
  /** @type {ServerPlace} */
  #place;
  /** @type {ManagedProcess | undefined} */
  #process;
  #port = 0;

  /**
   * @param {ServerKind} how
   * @param {ServerPlace} place
   */
  constructor(how, place) {
    this.#how = how;
    this.#place = place;
  }

  get name() {
    return this.#place.name;
  }

  get kind() {
    return this.#how.kind;
  }

  get label() {
    return this.#how.label;
  }

  get port() {
    return this.#port;
  }

  get url() {
    return this.#how.url(this.#port);
  }

  /** 0 when it does not run. */
  get pid() {
    return this.#process?.ended === undefined ? (this.#process?.pid ?? 0) : 0;
  }

  get process() {
    return this.#process;
  }

  /** Starts it and waits until it answers. The first start chooses the port, later ones keep it. */
  async start() {
    if (this.pid !== 0) return;
    mkdirSync(this.#place.folder, { recursive: true, mode: 0o700 });
    if (this.#port !== 0) {
      // Whoever has it meanwhile would answer in its place.
      const isFree = async () => (await listenError(this.#port)) === undefined;
      if (await until(isFree, { timeout: portWithin })) return this.#startOn(this.#port);
      throw new PortTaken(`Port ${this.#port}, which ${this.name} had, is in use by another program; end that.`);
    }
    for (let attempt = 1; ; attempt += 1) {
      this.#port = await choosePort(this.#place);
      try {
        return await this.#startOn(this.#port);
      } catch (error) {
        // Between choosing a port and listening on it another program may have taken it.
        const lost = /address already in use/i.test(this.#process?.logTail(50) ?? '');
        if (!lost || attempt === portAttempts) throw error;
        // Saying so in the words of the one who finds it taken before it starts.
        if (this.#place.portIsFixed) await choosePort(this.#place);
      }
    }
  }

  /**
   * Ends it and waits until it is gone.
   * @param {NodeJS.Signals} [signal]
   */
  async stop(signal = 'SIGTERM') {
    await this.#process?.stop(signal);
  }

  /** @param {NodeJS.Signals} signal */
  kill(signal) {
    this.#process?.kill(signal);
  }

  /** @param {number} port */
  async #startOn(port) {
    const { file, args, env, isReady, afterStart } = this.#how;
    const program = typeof file === 'function' ? file() : file;
    if (program === undefined) throw new Error(`no program for ${this.kind}`);
    const process = new ManagedProcess({
      name: `${this.#place.name} (${this.label})`,
      file: program,
      args: args(port, this.#place.folder),
      logFile: this.#place.logFile,
      cwd: this.#place.folder,
      ...(env && { env }),
    });
    this.#process = process;
    this.#place.onSpawn?.(this);
    const ready = () => process.ended !== undefined || isReady(port);
    const answered = await until(ready, { timeout: readyWithin, every: 25 });
    if (process.ended !== undefined || !answered) await this.#fail(process);
    try {
      await afterStart?.(port);
    } catch (error) {
      await process.stop('SIGKILL');
      const reason = error instanceof Error ? error.message : String(error);
      throw new Problem(`${process.name} could not be made ready (${reason}); see ${process.logFile}.`, {
        cause: error,
      });
    }
  }

  /**
   * @param {ManagedProcess} process
   * @returns {Promise<never>}
   */
  async #fail(process) {
    const problem = process.unexpectedEnd();
    await process.stop('SIGKILL');
    throw problem;
  }
}
