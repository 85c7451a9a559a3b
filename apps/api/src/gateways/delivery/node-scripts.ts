const known = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown' end
`;

const recognised = `
local good = false
for _, nonce in ipairs(redis.call('LRANGE', KEYS[2], 0, ARGV[5] - 1)) do
  if nonce == ARGV[2] then good = true break end
end
if not good then return 'nonce' end
`;

const renewed = `
redis.call('LPUSH', KEYS[2], ARGV[3])
redis.call('LTRIM', KEYS[2], 0, ARGV[5] - 1)
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('HSET', KEYS[1], 'lastSeen', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
`;

const well = `
return 'ok'
`;

/*
 * The three have the same keys and arguments. Keys: the node's record, its nonces, the index of nodes. Arguments: node id,
 * the nonce it shows, the nonce that it will get, now in milliseconds, how many nonces stay good, and the seconds after
 * which a silent node is forgotten.
 */

/**
 * One node's call, checked and recorded in one step, so that two replicas that answer the same node at once cannot lose
 * each other's nonce.
 */
export const visitScript = known + recognised + renewed + well;

/** The first half of a visit, for a reply that takes time. */
export const recogniseScript = known + recognised + well;

/** The second half of a visit. */
export const renewScript = known + renewed + well;

/**
 * What a node was served, noted only on a record that is still there: one that comes into being here would never expire.
 *
 * Key: the node's record. Arguments: the field of the list, its hash, now in milliseconds.
 */
export const servedScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], 'servedAt', ARGV[3])
return 1
`;
