import { createHash } from 'node:crypto';

/**
 * Names one state of everything that nodes load, in a few bytes: it differs as soon as the configuration of any
 * organisation has moved on.
 *
 * @param generations organisation id to how far its configuration has come
 */
export const generationName = (generations: ReadonlyMap<string, number>): string => {
  const ordered = [...generations].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(ordered)).digest('hex');
};
