-- Claims KEYS[1]; ARGV: layout, owner. Answers the record as it is afterwards, or what held() says of what cannot be
-- claimed.

local key, owner = KEYS[1], ARGV[2]
local record = held(key)
if record then
  if not record[1] or not is_sound(record) then return record end
  if record[1] == MAX then return redis.error_reply('LASTEPOCH the epoch cannot be raised') end
  local refused = record.plain and adopt(key, record)
  if refused then return refused end
end
redis.call('HINCRBY', key, 'epoch', 1)
redis.call('HSET', key, 'owner', owner, 'updated_at', now())
return redis.call('HMGET', key, 'epoch', 'position', 'owner', 'updated_at', 'state')
