-- Begins every script. Numbers are decimal texts, as a number of Lua is exact up to 2^53 only: the longer text is the
-- larger number, and of two equally long ones the order of their characters decides.

local MAX = '9223372036854775807'
local eventuous = ARGV[1] == 'eventuous'

local function less(a, b)
  return #a < #b or (#a == #b and a < b)
end

-- Whether text is a number that this store can have written, so that it can be compared.
local function is_number(text)
  return text == '0' or (#text <= #MAX and string.find(text, '^[1-9]%d*$') ~= nil and not less(MAX, text))
end

-- Whether the numbers of a record can be compared.
local function is_sound(record)
  return is_number(record[1]) and (not record[2] or is_number(record[2]))
end

-- What key holds: epoch, position and the further fields of a record; false if there is nothing; the name of its type
-- if it is no checkpoint; or the error of a command that was refused.
local function held(key, ...)
  local record = redis.pcall('HMGET', key, 'epoch', 'position', ...)
  if record[1] then
    if eventuous then return {ok = 'hash'} end
    return record
  end
  if record.err and not string.find(record.err, 'WRONGTYPE', 1, true) then return record end
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return false end
  if kind ~= 'string' then return {ok = kind} end
  -- Eventuous writes a plain string; one of somebody else may be long
  local position = redis.call('GETRANGE', key, 0, 20)
  if not string.find(position, '^%d+$') then return {ok = kind} end
  return {'0', position, plain = true}
end

-- Makes a record of ours out of a plain string. Whatever may refuse to write a hash (permissions, memory) refuses the
-- first command, while the string is still there.
local function adopt(key, record)
  local refused = redis.pcall('HSET', key, 'epoch', '0')
  if not string.find(refused.err, 'WRONGTYPE', 1, true) then return refused end
  redis.call('DEL', key)
  redis.call('HSET', key, 'epoch', record[1], 'position', record[2])
end

-- The server's clock: microseconds since 1970.
local function now()
  local time = redis.call('TIME')
  return time[1] .. string.format('%06d', time[2])
end
