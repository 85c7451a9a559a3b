import { setTimeout as delay } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';

/**
 * Asks until the answer is true.
 * @param {() => boolean | Promise<boolean>} condition
 * @param {{ timeout: number, every?: number }} options milliseconds
 * @returns {Promise<boolean>} false when the time is over
 */
export async function until(condition, { timeout, every = 50 }) {
  const deadline = performance.now() + timeout;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(every);
  }
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} timeout milliseconds
 * @returns {Promise<T | undefined>} undefined when the time is over first
 */
export async function within(promise, timeout) {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, delay(timeout, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
