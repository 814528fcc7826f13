-- Counts one use on every counter, or on none.
-- KEYS: the counters, each once. ARGV: the time now; then for each counter its limit and when a window that began now
-- would end. A time is two numbers, whole seconds since 1970 and microseconds, because one would not be exact. Answers
-- nothing if all allow the use, else the place of the counter that stays closed the longest, and until when.
local now_s, now_us = tonumber(ARGV[1]), tonumber(ARGV[2])
local counters, closed = {}, nil

local function later(s, us, than_s, than_us)
    return s > than_s or (s == than_s and us > than_us)
end

for place, key in ipairs(KEYS) do
    local at = 3 * place
    local limit, latest_s, latest_us = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local counter = { used = 0, s = latest_s, us = latest_us, cut = false }
    local kept = redis.call('GET', key)
    if kept then
        local used, s, us = string.match(kept, '^(%d+) (%-?%d+) (%d+)$')
        if not used then
            return redis.error_reply('CORRUPT a counter makes no sense')
        end
        used, s, us = tonumber(used), tonumber(s), tonumber(us)
        if later(s, us, now_s, now_us) then
            counter.used = used
            -- If the clock went back, the window ends no later than one that begins now.
            counter.cut = later(s, us, latest_s, latest_us)
            if not counter.cut then
                counter.s, counter.us = s, us
            end
        end
    end
    counters[place] = counter
    if counter.used >= limit and not (closed and later(closed.s, closed.us, counter.s, counter.us)) then
        closed = { place = place, s = counter.s, us = counter.us }
    end
end

local function keep(key, counter, used)
    -- A minute longer than the window, by the server's own clock; no longer than the server can reckon.
    local life = math.min(math.max(counter.s - now_s, 0) + 61, 9e9)
    redis.call('SET', key, string.format('%.0f %.0f %.0f', used, counter.s, counter.us), 'EX', string.format('%.0f', life))
end

if closed then
    for place, counter in ipairs(counters) do
        if counter.cut then
            keep(KEYS[place], counter, counter.used)
        end
    end
    return { closed.place, closed.s, closed.us }
end
for place, counter in ipairs(counters) do
    keep(KEYS[place], counter, counter.used + 1)
end
return {}
