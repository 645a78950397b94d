"""What the shared quota does on the server, each script in one step. The server's clock decides, in microseconds.

`log`: slots by the time they free; of a call under way that is a lease from now. `queue`: who waits, by lane and
arrival. `alive`: when each of them last asked, so that a process that died holds nobody up. `closed`: until when the
vendor wants no call. `born`: told anew where the store has forgotten everything.
"""

NOW = "local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2]\n"

TAKE = (
    NOW
    + """
local log, queue, alive, closed, born = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local me, lane, limit = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local hold, lease, patience = tonumber(ARGV[4]) * 1e6, tonumber(ARGV[5]) * 1e6, tonumber(ARGV[6]) * 1e6
local keep = math.ceil((hold + lease) / 1000) + 60000
local since = redis.call('GET', born)
if not since then since = string.format('%.0f', now) end
redis.call('SET', born, since, 'PX', math.max(keep, 86400000))
redis.call('ZREMRANGEBYSCORE', log, '-inf', string.format('%.0f', now))
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', string.format('%.0f', now - 4000000))) do
  redis.call('ZREM', queue, gone); redis.call('ZREM', alive, gone)
end
if not redis.call('ZSCORE', queue, me) then
  redis.call('ZADD', queue, string.format('%.0f', lane * 1e15 + math.floor(now / 10)), me)
end
redis.call('ZADD', alive, string.format('%.0f', now), me)
local age = tostring((now - tonumber(since)) / 1e6)
local used, ahead = redis.call('ZCARD', log), redis.call('ZRANK', queue, me)
local shut = tonumber(redis.call('GET', closed) or '0')
redis.call('PEXPIRE', queue, keep); redis.call('PEXPIRE', alive, keep)
if used + ahead < limit and shut <= now then
  redis.call('ZREM', queue, me); redis.call('ZREM', alive, me)
  redis.call('ZADD', log, string.format('%.0f', now + hold + lease), me)
  redis.call('PEXPIRE', log, keep)
  return {1, used + 1, '0', age}
end
local frees = {}
local entries = redis.call('ZRANGE', log, 0, -1, 'WITHSCORES')
for i = 2, #entries, 2 do
  local free = tonumber(entries[i])
  if free > now + hold then free = math.max(now + hold, free - lease) end
  frees[#frees + 1] = free
end
table.sort(frees)
local later, at = ahead - (limit - used), now
if later >= 0 then
  if later < #frees then at = frees[later + 1]
  else at = now + hold * (1 + math.floor((later - #frees) / limit)) end
end
if shut > at then at = shut end
local wait = (at - now) / 1e6
if patience >= 0 and at - now > patience then
  redis.call('ZREM', queue, me); redis.call('ZREM', alive, me)
  return {-1, used, tostring(wait), age}
end
return {0, used, tostring(wait), age}
"""
)

FREE = (
    NOW
    + """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2]) * 1e6), ARGV[1])
end
return 1
"""
)

LEAVE = """
redis.call('ZREM', KEYS[1], ARGV[1]); redis.call('ZREM', KEYS[2], ARGV[1]); redis.call('ZREM', KEYS[3], ARGV[1])
return 1
"""

ADD = (
    NOW
    + """
local last = 0
for i = 1, #ARGV, 2 do
  local free = now + tonumber(ARGV[i + 1]) * 1e6
  redis.call('ZADD', KEYS[1], string.format('%.0f', free), ARGV[i])
  if free > last then last = free end
end
redis.call('PEXPIRE', KEYS[1], math.ceil((last - now) / 1000) + 120000)
return 1
"""
)

PUSH = (
    NOW
    + """
local until_ = now + tonumber(ARGV[1]) * 1e6
if until_ > tonumber(redis.call('GET', KEYS[1]) or '0') and until_ > now then
  redis.call('SET', KEYS[1], string.format('%.0f', until_), 'PX', math.ceil((until_ - now) / 1000))
end
return 1
"""
)

STATE = (
    NOW
    + """
local shut = tonumber(redis.call('GET', KEYS[4]) or '0')
if shut > now then return {-1, tostring((shut - now) / 1e6)} end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if not first[2] then return {0, '0'} end
local free = tonumber(first[2])
return {redis.call('ZCARD', KEYS[1]), tostring((free - now) / 1e6)}
"""
)
