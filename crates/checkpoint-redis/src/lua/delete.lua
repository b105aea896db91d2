-- Deletes KEYS[1]; ARGV: layout. Answers 1 if there was a record, otherwise what held() says.

local record = held(KEYS[1])
if record and record[1] then return redis.call('DEL', KEYS[1]) end
return record
