/**
 * Reads a session and notes that it was seen, in one step: a session that is ended between the two would come back
 * otherwise, without an end.
 *
 * Key: the session's record. Arguments: now, and how long it may be idle, both in milliseconds.
 */
export const touchScript = `
local expires = redis.call('HGET', KEYS[1], 'expiresAt')
if not expires then return nil end
local left = tonumber(expires) - tonumber(ARGV[1])
if left <= 0 then
  redis.call('DEL', KEYS[1])
  return nil
end
redis.call('HSET', KEYS[1], 'lastSeen', ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(math.min(left, tonumber(ARGV[2]))))
return redis.call('HGETALL', KEYS[1])
`;

/**
 * Takes one attempt at a secret, unless an earlier failure asks to wait still. The attempt counts as failed until it is
 * said to be good, so that of many at once only one is judged.
 *
 * Key: the count of failures. Arguments: now, failures that are free, the first delay, the longest delay, and how long
 * failures are remembered, all times in milliseconds. Returns how long to wait; 0 when the attempt may be judged.
 */
export const attemptScript = `
local now = tonumber(ARGV[1])
local state = redis.call('HMGET', KEYS[1], 'failures', 'until')
local failures = tonumber(state[1]) or 0
local blocked = tonumber(state[2]) or 0
if blocked > now then return math.ceil(blocked - now) end
failures = failures + 1
local delay = 0
if failures > tonumber(ARGV[2]) then
  delay = math.min(tonumber(ARGV[4]), tonumber(ARGV[3]) * 2 ^ math.min(failures - tonumber(ARGV[2]) - 1, 40))
end
redis.call('HSET', KEYS[1], 'failures', failures, 'until', string.format('%.0f', now + delay))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 0
`;

/** Takes an attempt back that turned out to be good, and the delay that it had caused. Key: the count of failures. */
export const takeBackScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local failures = redis.call('HINCRBY', KEYS[1], 'failures', -1)
redis.call('HSET', KEYS[1], 'until', 0)
return failures
`;
