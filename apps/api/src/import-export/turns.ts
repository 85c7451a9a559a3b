import { setImmediate as nextTurn } from 'node:timers/promises';

/** After so many resources everybody else gets a turn. */
const turn = 50;

/**
 * Goes through a long list and gives everybody else a turn now and then: what is awaited in between may be there already, and then
 * nobody else would be asked.
 */
export async function* inTurns<T>(list: Iterable<T>): AsyncGenerator<T> {
  let seen = 0;
  for (const item of list) {
    if ((seen += 1) % turn === 0) await nextTurn();
    yield item;
  }
}
