import { setTimeout as wait } from 'node:timers/promises';

/** How long something that took so long has still to wait, so that it takes a whole number of paces; in milliseconds. */
export const restOfPace = (tookMs: number, paceMs: number): number =>
  paceMs === 0 ? 0 : Math.max(1, Math.ceil(tookMs / paceMs)) * paceMs - tookMs;

/**
 * Waits until a refusal has taken a whole number of paces, so that the time does not tell what was compared: a password of
 * somebody who came from elsewhere takes five times as long as others, and that of an address in two organisations twice.
 *
 * @param begunMs by `performance.now()`
 */
export const untilWholePace = async (begunMs: number, paceMs: number): Promise<void> => {
  const rest = restOfPace(performance.now() - begunMs, paceMs);
  if (rest > 0) await wait(rest);
};
