-- node-hooks-loop.lua: capacity, conditions and addresses loop once there are pods.
-- shows: took longer than
local function wait() if #pods{ labels = { behaviour = "hostile" } } > 0 then while true do end end end
function capacity(node) wait() end
function conditions(node) wait() end
function addresses(node) wait() end
match = { labels = { behaviour = "hostile" } }
