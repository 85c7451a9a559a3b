import type { KeyRedis } from './redis/connect';

/** Adds an entry to the end of a list that does not have it. Key: the list. Argument: the entry. */
const listScript = `
if redis.call('LPOS', KEYS[1], ARGV[1]) then return 0 end
return redis.call('RPUSH', KEYS[1], ARGV[1])
`;

/** Adds an entry to a list, once, in one step: two replicas do the same at the same time. */
export async function enlist(redis: KeyRedis, list: string, entry: string): Promise<void> {
  await redis.eval(listScript, 1, list, entry);
}
