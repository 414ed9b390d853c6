-- require-cycle.lua: the file requires itself.
-- refused: require
local me = require("require-cycle")
match = { labels = { behaviour = "hostile" } }
