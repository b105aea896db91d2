-- What every script needs. Numbers are decimal texts, as a number of Lua is exact up to 2^53 only: the longer text is the
-- larger number, and of two equally long ones the order of their characters decides.
--
-- Redis makes every function anew for each call, so what is rarely needed is made where it is needed.

local MAX = '9223372036854775807'
local eventuous = ARGV[1] == 'eventuous'

local function less(a, b)
  return #a < #b or (#a == #b and a < b)
end

-- Whether text is a number that a store has written, so that it can be compared.
local function is_number(text)
  return text == '0' or (#text <= 19 and string.find(text, '^[1-9]%d*$') and not (#text == 19 and text > MAX))
end

-- What key holds: epoch, position and the further fields of a record; false if there is nothing; the name of its type
-- if it is no checkpoint; or the error of a command that was refused.
--
-- A plain string, as Eventuous writes it, is a record, too. Where something else is to be written, its function
-- `adopt` comes first.
local function held(key, ...)
  local record = redis.pcall('HMGET', key, 'epoch', 'position', ...)
  if record[1] then
    return eventuous and {ok = 'hash'} or record
  end
  if record.err and not string.find(record.err, 'WRONGTYPE', 1, true) then return record end
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return false end
  if kind ~= 'string' then return {ok = kind} end
  local position = redis.call('GETRANGE', key, 0, 20) -- somebody else's string may be long
  if not string.find(position, '^%d+$') then return {ok = kind} end
  local function adopt()
    -- whatever may refuse to write a hash (permissions, memory) refuses the first one, while the string is still there
    local refused = redis.pcall('HSET', key, 'epoch', '0')
    if not string.find(refused.err, 'WRONGTYPE', 1, true) then return refused end
    redis.call('DEL', key)
    redis.call('HSET', key, 'epoch', '0', 'position', position)
  end
  return {'0', position, adopt = adopt}
end
