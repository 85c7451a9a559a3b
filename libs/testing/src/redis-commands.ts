import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Where ioredis says each command that it writes. */
const channel = 'tracing:ioredis:command:start';

/** The commands to Redis that are sent while something is done, by whomever: what works beside it sends some, too. */
export const redisCommandsOf = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
  const sent: string[] = [];
  const note = (event: unknown): void => {
    if (typeof event === 'object' && event !== null && 'command' in event) sent.push(String(event.command));
  };
  subscribe(channel, note);
  try {
    await work();
  } finally {
    unsubscribe(channel, note);
  }
  return sent;
};
