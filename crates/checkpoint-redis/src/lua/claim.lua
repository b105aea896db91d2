-- Claims KEYS[1]. ARGV: layout, owner. Answers the record as it is afterwards, or what held() says of what cannot be
-- claimed.

local key, owner = KEYS[1], ARGV[2]
local record = held(key)
if record then
  if not record[1] or not is_number(record[1]) or (record[2] and not is_number(record[2])) then return record end
  if record[1] == MAX then return redis.error_reply('LASTEPOCH the epoch cannot be raised') end
  local refused = record.adopt and record.adopt()
  if refused then return refused end
end
redis.call('HINCRBY', key, 'epoch', 1)
local now = redis.call('TIME')
redis.call('HSET', key, 'owner', owner, 'updated_at', now[1] .. ' ' .. now[2])
return redis.call('HMGET', key, 'epoch', 'position', 'owner', 'updated_at', 'state')
