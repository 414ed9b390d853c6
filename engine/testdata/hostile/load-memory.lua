-- load-memory.lua: the file itself eats memory.
-- refused: too much memory
local t = {}
while true do t = { t, {}, {}, {} } end
