-- Writes each of KEYS if the contract says so; ARGV: layout, then mode, expected, position, epoch and state of each
-- (no position is an empty text). Answers for each: 1 if it was stored, otherwise what held() says.

local updated_at

local function is_stored(record, mode, expected, position, epoch)
  if not record then
    return epoch == '0' and (mode ~= 'expect' or expected == '')
  end
  if not is_sound(record) or less(epoch, record[1]) then return false end
  local current = record[2] or ''
  if mode == 'advance' then return not less(position, current) end -- an empty text is less than every number
  return mode ~= 'expect' or expected == current
end

local function write(key, mode, expected, position, epoch, state)
  local record = held(key)
  if record and not record[1] then return record end
  if not is_stored(record, mode, expected, position, epoch) then return record end
  if eventuous then
    redis.call('SET', key, position)
    return 1
  end
  local refused = record and record.plain and adopt(key, record)
  if refused then return refused end
  updated_at = updated_at or now()
  if position ~= '' then
    redis.call('HSET', key, 'epoch', epoch, 'position', position, 'state', state, 'updated_at', updated_at)
  else
    redis.call('HSET', key, 'epoch', epoch, 'state', state, 'updated_at', updated_at)
    redis.call('HDEL', key, 'position')
  end
  return 1
end

local answers = {}
for i, key in ipairs(KEYS) do
  local first = 5 * i - 3
  answers[i] = write(key, ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3], ARGV[first + 4])
end
return answers
