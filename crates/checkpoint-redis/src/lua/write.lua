-- Writes each of KEYS that `steady` has left, if the contract says so. ARGV: layout, then condition, position, epoch and
-- state of each. The condition is 'advance', 'overwrite' or the expected position; no position is an empty text. Answers
-- for each: 1 if it was stored, otherwise what held() says.

local function write(key, condition, position, epoch, state)
  local record = held(key)
  if record then
    local current = record[2] or ''
    if not record[1] or not is_number(record[1]) or (record[2] and not is_number(current)) then return record end
    if less(epoch, record[1]) then return record end
    if condition == 'advance' then
      if less(position, current) then return record end -- an empty text is less than every number
    elseif condition ~= 'overwrite' and condition ~= current then
      return record
    end
  elseif epoch ~= '0' or not (condition == 'advance' or condition == 'overwrite' or condition == '') then
    return record
  end
  if eventuous then
    redis.call('SET', key, position)
    return 1
  end
  local refused = record and record.adopt and record.adopt()
  if refused then return refused end
  if not updated_at then
    local now = redis.call('TIME')
    updated_at = now[1] .. ' ' .. now[2]
  end
  if not record or record[1] ~= epoch then
    redis.call('HSET', key, 'epoch', epoch)
  end
  if position ~= '' then
    redis.call('HSET', key, 'position', position, 'state', state, 'updated_at', updated_at)
  else
    redis.call('HSET', key, 'state', state, 'updated_at', updated_at)
    redis.call('HDEL', key, 'position')
  end
  return 1
end

for _, i in ipairs(rest) do
  local first = 4 * i - 2
  answers[i] = write(KEYS[i], ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3])
end
return answers
