-- load-memory.lua: the file itself eats memory.
-- refused: too much memory|took longer than
local t = {}
while true do t = { t, {}, {}, {} } end
