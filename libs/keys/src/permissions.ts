import { NOTIFICATION_CHANNEL, SESSION_PREFIX } from '@castellan/tyk';
import type { KeyRedis } from './redis/connect';

/** How names begin that nodes keep something under. */
const PREFIXES = [SESSION_PREFIX, 'quota-', 'rate-limit-', 'orgkey.', 'oauth-data.', 'cert-'];

/** Asks the server, which runs nothing of it. Before Redis 7 it cannot be asked. Arguments: the channel of nodes, and prefixes. */
const askScript = `
local refused = {}
local function ask(what, ...)
  if not redis.acl_check_cmd(...) then table.insert(refused, what) end
end
if redis.acl_check_cmd == nil then return refused end
ask('PUBLISH', 'PUBLISH', ARGV[1], 'x')
ask('SCAN', 'SCAN', '0')
for at = 2, #ARGV do
  local name = ARGV[at] .. 'x'
  ask('GET ' .. ARGV[at], 'GET', name)
  ask('SET ' .. ARGV[at], 'SET', name, 'x')
  ask('DEL ' .. ARGV[at], 'DEL', name)
end
return refused
`;

/**
 * What the account of the connection may not do of what is done to keys. One without a right to publish would else be noticed
 * when a node uses, and writes back, what it has in its memory.
 *
 * @returns commands, with the beginnings of names that they may not be about; empty when everything is allowed
 * @throws when Redis is out of reach
 */
export async function refusedTo(redis: KeyRedis): Promise<readonly string[]> {
  try {
    const refused = await redis.eval(askScript, 0, NOTIFICATION_CHANNEL, ...PREFIXES);
    return Array.isArray(refused) ? refused.map(String) : [];
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOPERM')) return ['EVAL'];
    throw error;
  }
}
