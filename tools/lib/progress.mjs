import { performance } from 'node:perf_hooks';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const quietStart = 500;
const quietTick = 15_000;

/**
 * @typedef {object} Progress
 * @property {<T>(label: string, work: (note: (text: string) => void) => Promise<T>) => Promise<T>} step
 *   runs `work` under a line that shows the elapsed time; `note` adds what it is doing right now
 * @property {(text: string) => void} say prints one line
 */

/**
 * Progress of long steps: a spinner on a terminal, plain lines elsewhere (at the start of a step
 * that is not over at once, every 15 s, at the end).
 * @param {NodeJS.WriteStream} [out]
 * @returns {Progress}
 */
export function createProgress(out = process.stdout) {
  return {
    say: (text) => void out.write(`${text}\n`),
    step: async (label, work) => {
      const began = performance.now();
      const line = out.isTTY ? spinningLine(out, label, began) : plainLine(out, label, began);
      try {
        const result = await work(line.note);
        line.end(`✓ ${label} (${seconds(performance.now() - began)})`);
        return result;
      } catch (error) {
        line.end(`✗ ${label} (${seconds(performance.now() - began)})`);
        throw error;
      }
    },
  };
}

/** Progress for programs that must stay silent. @type {Progress} */
export const silent = { say: () => {}, step: (_label, work) => work(() => {}) };

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * @param {NodeJS.WriteStream} out
 * @param {string} label
 * @param {number} began
 */
function spinningLine(out, label, began) {
  let note = '';
  let frame = 0;
  const draw = () => {
    const text = `${frames[frame++ % frames.length]} ${label} ${seconds(performance.now() - began)} ${note}`;
    out.write(`\r\x1b[2K${text.slice(0, Math.max(20, (out.columns || 80) - 1))}`);
  };
  draw();
  const timer = setInterval(draw, 100);
  return {
    /** @param {string} text */
    note: (text) => void (note = text),
    /** @param {string} text */
    end: (text) => {
      clearInterval(timer);
      out.write(`\r\x1b[2K${text}\n`);
    },
  };
}

/**
 * @param {NodeJS.WriteStream} out
 * @param {string} label
 * @param {number} began
 */
function plainLine(out, label, began) {
  let note = '';
  const announce = setTimeout(() => out.write(`… ${label}\n`), quietStart);
  const timer = setInterval(() => {
    out.write(`… ${label}, ${seconds(performance.now() - began)} so far${note ? ` (${note})` : ''}\n`);
  }, quietTick);
  return {
    /** @param {string} text */
    note: (text) => void (note = text),
    /** @param {string} text */
    end: (text) => {
      clearTimeout(announce);
      clearInterval(timer);
      out.write(`${text}\n`);
    },
  };
}
