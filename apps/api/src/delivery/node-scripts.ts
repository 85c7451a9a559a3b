/**
 * One node's call, checked and recorded in one step, so that two replicas that answer the same node at once cannot lose
 * each other's nonce.
 *
 * Keys: the node's record, its nonces, the index of nodes. Arguments: node id, the nonce it shows, the nonce that it
 * will get, now in milliseconds, how many nonces stay good, and the seconds after which a silent node is forgotten.
 */
export const visitScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 'unknown' end
local good = false
for _, nonce in ipairs(redis.call('LRANGE', KEYS[2], 0, ARGV[5] - 1)) do
  if nonce == ARGV[2] then good = true break end
end
if not good then return 'nonce' end
redis.call('LPUSH', KEYS[2], ARGV[3])
redis.call('LTRIM', KEYS[2], 0, ARGV[5] - 1)
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('HSET', KEYS[1], 'lastSeen', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return 'ok'
`;

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
