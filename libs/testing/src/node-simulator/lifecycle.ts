import { setTimeout as delay } from 'node:timers/promises';

/** Ends whatever a node was doing when it is told to stop; never an error to report. */
export class NodeStopped extends Error {
  constructor() {
    super('The node has stopped');
    this.name = 'NodeStopped';
  }
}

/** @throws NodeStopped as soon as the node stops */
export const pause = async (ms: number, stopping: AbortSignal): Promise<void> => {
  if (stopping.aborted) throw new NodeStopped();
  try {
    await delay(ms, undefined, { signal: stopping });
  } catch {
    throw new NodeStopped();
  }
};

/** Swallows the end of a background task that only ended because the node stopped. */
export const unlessStopped = async (task: Promise<void>): Promise<void> => {
  try {
    await task;
  } catch (error) {
    if (!(error instanceof NodeStopped)) throw error;
  }
};

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs one piece of work at a time, in the order asked for. Not re-entrant, like the lock it stands for. */
export class Lock {
  private tail: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    this.tail = result.catch(() => undefined);
    return result;
  }
}
