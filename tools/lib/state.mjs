import { join } from 'node:path';
import { readJson, writePrivateJson } from './data-directory.mjs';
import { asIdentity, endProcess, isAlive } from './process-identity.mjs';
import { Problem } from './problem.mjs';

/** In the order in which they are stopped: what asks others goes first. */
export const parts = /** @type {const} */ (['host-manager', 'api', 'redis', 'mongodb']);

/** @typedef {(typeof parts)[number]} Part */
/** @typedef {{ url: string, kind?: string, port?: number, pid?: number, started?: string }} PartState */

/**
 * `services.json` in the data directory: where each part listens, and which process it is. It outlives the launcher, so
 * that the next one takes the same ports again and finds what a killed one left behind.
 */
export class State {
  #file;
  /** @type {Partial<Record<Part, PartState>>} */
  #parts = {};

  /** @param {string} folder the data directory */
  constructor(folder) {
    this.#file = join(folder, 'services.json');
    const content = readJson(this.#file);
    for (const part of parts) {
      const value = content[part];
      if (isPartState(value)) this.#parts[part] = value;
    }
  }

  /** @param {Part} part */
  get(part) {
    return this.#parts[part];
  }

  /**
   * @param {Part} part
   * @param {PartState} value
   */
  set(part, value) {
    this.#parts[part] = value;
    writePrivateJson(this.#file, this.#parts);
  }

  /** Notes that nothing runs any more. Addresses stay. */
  forgetProcesses() {
    for (const part of parts) {
      const { pid, started, ...rest } = this.#parts[part] ?? {};
      if (isPartState(rest)) this.#parts[part] = rest;
    }
    writePrivateJson(this.#file, this.#parts);
  }

  /**
   * Ends processes that an earlier launcher left behind because it was killed: they hold ports and data.
   * @param {(text: string) => void} say
   */
  async endLeftovers(say) {
    for (const part of parts) {
      const identity = asIdentity(this.#parts[part]);
      if (identity === undefined || !isAlive(identity)) continue;
      say(`Stopping ${part} (process ${identity.pid}), which an earlier launcher left behind`);
      if (await endProcess(identity)) continue;
      throw new Problem(`Process ${identity.pid} (${part}) of an earlier start does not end; end it and start again.`);
    }
  }
}

/**
 * @param {unknown} value
 * @returns {value is PartState}
 */
function isPartState(value) {
  return typeof value === 'object' && value !== null && 'url' in value && typeof value.url === 'string';
}
