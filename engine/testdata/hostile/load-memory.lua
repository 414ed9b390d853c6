-- load-memory.lua: the file itself eats memory.
-- refused: too much memory|race: took longer than
local t = {}
while true do t = { t, {}, {}, {} } end
