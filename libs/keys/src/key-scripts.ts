/*
 * A change of a session and the message about it, in one step: a node that hears of it late would use, and write back, what it
 * has in its cache. Each script touches one key, so that it runs on any server of a cluster; a message goes to all of them.
 *
 * Key: the session. Arguments: the channel, the message, and what is told at each.
 */

/** Sets a session that nobody has changed since it was read. Arguments: the text that was read, the new one. */
export const replaceScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[4], 'KEEPTTL')
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`;

/** Sets a session where there is none. Argument: the text. */
export const createScript = `
if not redis.call('SET', KEYS[1], ARGV[3], 'NX') then return 0 end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`;

/**
 * Sets sessions where there are none, of names on one server. Keys: the sessions. Arguments: the channel, then the message and the
 * text of each.
 *
 * Returns of each what the script for one does.
 */
export const createAllScript = `
local made = {}
for at, name in ipairs(KEYS) do
  made[at] = redis.call('SET', name, ARGV[2 * at + 1], 'NX') and 1 or 0
  if made[at] == 1 then redis.call('PUBLISH', ARGV[1], ARGV[2 * at]) end
end
return made
`;

/** Takes a session away that nobody has changed since it was read. Argument: the text that was read. */
export const removeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`;

/**
 * Sets a text that nodes read without being told, such as an OAuth client. Arguments: the text that was read, empty where there was
 * none, and the new one. Nobody is told, so there is no channel.
 */
export const swapScript = `
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
`;

/** The opposite. Argument: the text that was read. */
export const dropScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;

/** The SHA-1 of a text, which is shorter than it; empty where there is none. */
export const digestScript = `
local text = redis.call('GET', KEYS[1])
if not text then return '' end
return redis.sha1hex(text)
`;
