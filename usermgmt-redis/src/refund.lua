-- Takes back one use on each counter whose window still runs. KEYS: the counters. ARGV: the time now, as whole seconds
-- since 1970 and microseconds.
local now_s, now_us = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
    local kept = redis.call('GET', key)
    if kept then
        local used, s, us = string.match(kept, '^(%d+) (%-?%d+) (%d+)$')
        if not used then
            return redis.error_reply('CORRUPT a counter makes no sense')
        end
        local runs = tonumber(s) > now_s or (tonumber(s) == now_s and tonumber(us) > now_us)
        if runs and tonumber(used) > 0 then
            redis.call('SET', key, string.format('%.0f %s %s', tonumber(used) - 1, s, us), 'KEEPTTL')
        end
    end
end
return 0
