/**
 * Reads a session and notes that it was seen, in one step: a session that is ended between the two would come back
 * otherwise, without an end.
 *
 * Key: the session's record. Arguments: now, and how long it may be idle, both in milliseconds.
 */
export const touchScript = `
local times = redis.call('HMGET', KEYS[1], 'expiresAt', 'lastSeen')
if not times[1] then return nil end
local now, idle = tonumber(ARGV[1]), tonumber(ARGV[2])
local left = tonumber(times[1]) - now
if left <= 0 or now - tonumber(times[2]) >= idle then
  redis.call('DEL', KEYS[1])
  return nil
end
redis.call('HSET', KEYS[1], 'lastSeen', ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(math.min(left, idle)))
return redis.call('HGETALL', KEYS[1])
`;

/**
 * Takes one attempt at a secret, unless an earlier failure asks to wait still; then nothing counts. The attempt counts as
 * failed until it is said to be good, so that of many at once only one is judged.
 *
 * Keys: the counts of failures. Arguments: now and, for each count, failures that are free, the first delay, the longest
 * delay, and how long failures are remembered, all times in milliseconds. Returns how long to wait, 0 when the attempt may
 * be judged, and 1 when nobody has been told to wait by this delay before.
 */
export const attemptScript = `
local now = tonumber(ARGV[1])
local wait, by = 0, nil
for index = 1, #KEYS do
  local left = (tonumber(redis.call('HGET', KEYS[index], 'until')) or 0) - now
  if left > wait then wait, by = left, KEYS[index] end
end
if by then return {math.ceil(wait), redis.call('HSET', by, 'told', 1)} end
for index = 1, #KEYS do
  local pace = index * 4 - 2
  local surplus = redis.call('HINCRBY', KEYS[index], 'failures', 1) - tonumber(ARGV[pace])
  local delay = 0
  if surplus > 0 then
    delay = math.min(tonumber(ARGV[pace + 2]), tonumber(ARGV[pace + 1]) * 2 ^ math.min(surplus - 1, 40))
  end
  redis.call('HSET', KEYS[index], 'until', string.format('%.0f', now + delay))
  redis.call('HDEL', KEYS[index], 'told')
  redis.call('PEXPIRE', KEYS[index], ARGV[pace + 3])
end
return {0, 0}
`;

/** Takes an attempt back that turned out to be good, and the delay that it had caused. Key: the count of failures. */
export const takeBackScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local failures = redis.call('HINCRBY', KEYS[1], 'failures', -1)
redis.call('HSET', KEYS[1], 'until', 0)
return failures
`;
