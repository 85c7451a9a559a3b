/*
 * What concerns one node is done in one step, so that two replicas that answer the same node at once cannot lose each
 * other's nonce.
 */

/**
 * One node's call. Whoever shows an id is known from then on, unless it has left or strangers are to be refused.
 *
 * Keys: the node's record, its nonces, the index of nodes, the mark of a node that has left.
 * Arguments: node id, the nonce it shows, the nonce that it will get (empty: none yet), now in milliseconds, how many
 * nonces stay good, the seconds after which a silent node is forgotten, host name (empty: not shown), address, 1 when it
 * asks for a list, 1 when strangers are to be refused.
 */
export const visitScript = `
if redis.call('EXISTS', KEYS[4]) == 1 then return 'gone' end
local outcome = 'ok'
if redis.call('EXISTS', KEYS[1]) == 0 then
  outcome = 'unknown'
else
  outcome = 'nonce'
  for _, nonce in ipairs(redis.call('LRANGE', KEYS[2], 0, ARGV[5] - 1)) do
    if nonce == ARGV[2] then outcome = 'ok' break end
  end
end
if outcome ~= 'ok' and ARGV[10] == '1' then return outcome end
if outcome == 'unknown' then redis.call('HSET', KEYS[1], 'id', ARGV[1], 'registeredAt', ARGV[4]) end
redis.call('HSET', KEYS[1], 'lastSeen', ARGV[4], 'address', ARGV[8])
if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'hostname', ARGV[7]) end
if ARGV[9] == '1' then
  redis.call('HSET', KEYS[1], 'fetchedAt', ARGV[4])
  redis.call('HDEL', KEYS[1], 'toldAt')
end
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
if ARGV[3] ~= '' then
  redis.call('LPUSH', KEYS[2], ARGV[3])
  redis.call('LTRIM', KEYS[2], 0, ARGV[5] - 1)
end
redis.call('EXPIRE', KEYS[2], ARGV[6])
return outcome
`;

/**
 * The nonce of a reply that took its time, added as it goes out.
 *
 * Keys: the node's record, its nonces. Arguments: the nonce, how many stay good, the seconds as above.
 */
export const renewScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[1])
redis.call('LTRIM', KEYS[2], 0, ARGV[2] - 1)
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
`;

/**
 * What a node was served, noted only on a record that is still there: one that comes into being here would never expire.
 *
 * Key: the node's record. Arguments: the list, its hash, its generation, now in milliseconds.
 */
export const servedScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'served:' .. ARGV[1], ARGV[2], 'generation:' .. ARGV[1], ARGV[3], 'servedAt', ARGV[4])
return 1
`;

/**
 * What a node is assigned, noted only on a record that is still there.
 *
 * Key: the node's record. Argument: the generation (empty: the newest).
 */
export const assignedScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[1] == '' then return redis.call('HDEL', KEYS[1], 'assigned') end
return redis.call('HSET', KEYS[1], 'assigned', ARGV[1])
`;

/**
 * That a node was told to load; the first time counts until it asks.
 *
 * Key: the node's record. Argument: now in milliseconds.
 */
export const toldScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('HSETNX', KEYS[1], 'toldAt', ARGV[1])
`;
