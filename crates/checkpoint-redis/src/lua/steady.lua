-- Begins the script of writes. The steady case, which is that a consumer stores a higher position in its own epoch, is
-- here in full, ahead of every function: Redis makes functions anew for each call, and they cost more than the write
-- does. What is not that case is left to `write`, which decides from the start.

local answers, rest = {}, {}
local updated_at

for i = 1, #KEYS do
  local first = 4 * i - 2
  local position = ARGV[first + 1]
  local current
  if ARGV[first] == 'advance' and ARGV[1] == 'own' then
    local record = redis.pcall('HMGET', KEYS[i], 'epoch', 'position')
    current = record[1] == ARGV[first + 2] and record[2]
  end
  -- a longer number is a larger one; what is no number that a store has written is for `write` to refuse
  if current and (#current < #position or (#current == #position and current <= position))
    and (current == '0' or string.find(current, '^[1-9]%d*$')) then
    if not updated_at then
      local now = redis.call('TIME')
      updated_at = now[1] .. ' ' .. now[2]
    end
    redis.call('HSET', KEYS[i], 'position', position, 'state', ARGV[first + 3], 'updated_at', updated_at)
    answers[i] = 1
  else
    rest[#rest + 1] = i
  end
end

if #rest == 0 then return answers end
