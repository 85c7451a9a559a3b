import { isReloadCommand } from '@castellan/tyk';

/**
 * Something that nodes have to hear of, as a message on their channel: what to do, and with what. Messages reach them in the
 * order in which they were committed, each at least once.
 */
export interface Effect {
  /** A command of `tyk.cluster.notifications`. */
  readonly command: string;
  /** Text whose meaning depends on the command; empty for reloads. */
  readonly payload: string;
}

/**
 * The same effects without those that say again what another one says: a node that is told twice to load what there is
 * loads the same. A payload says something each time.
 */
export const withoutRepeats = (effects: readonly Effect[]): Effect[] => {
  const said = new Set<string>();
  return effects.filter(({ command, payload }) => {
    if (payload !== '' || !isReloadCommand(command)) return true;
    if (said.has(command)) return false;
    said.add(command);
    return true;
  });
};
