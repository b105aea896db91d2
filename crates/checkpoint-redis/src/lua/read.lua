-- Reads KEYS[1]; ARGV: layout. Answers what held() says, with all fields of a record.

return held(KEYS[1], 'owner', 'updated_at', 'state')
