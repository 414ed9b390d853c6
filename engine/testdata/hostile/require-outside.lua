-- require-outside.lua: files outside the folder are required.
-- refused: require
local passwd = require("../../../etc/passwd")
match = { labels = { behaviour = "hostile" } }
