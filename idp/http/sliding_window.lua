-- Spend one of every bucket, or of none when one is empty.
-- KEYS: buckets, all of one slot. ARGV: for each its amount and its window in milliseconds; last, how many to spend.
-- Answers 1 or 0, then for each bucket what this window and the one before counted, and how old this window is.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local cost = tonumber(ARGV[#ARGV])
local admitted, counts = 1, {}
for i, key in ipairs(KEYS) do
    local amount, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
    local number, age = math.floor(now / window), now % window
    local held = redis.call('HMGET', key, 'number', 'current', 'previous')
    local behind = number - (tonumber(held[1]) or number - 2)
    local current, previous = 0, 0
    if behind <= 0 then
        current, previous = tonumber(held[2]), tonumber(held[3])
    elseif behind == 1 then
        previous = tonumber(held[2])
    end
    if current + math.floor(previous * (window - age) / window) + cost > amount then
        admitted = 0
    end
    counts[i] = {number, current, previous, age, window}
end
local answer = {admitted}
for i, key in ipairs(KEYS) do
    local number, current, previous, age, window = unpack(counts[i])
    if admitted == 1 and cost > 0 then
        current = current + cost
        redis.call('HSET', key, 'number', number, 'current', current, 'previous', previous)
        redis.call('PEXPIRE', key, 2 * window)
    end
    answer[3 * i - 1], answer[3 * i], answer[3 * i + 1] = current, previous, age
end
return answer
