-- rawset-metatable.lua: the metatables of objects and of strings are taken and changed.
-- shows: a table of the script's own
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local m = getmetatable("") or getmetatable(pod) or {}
  m.__index = function() while true do end end
  setmetatable(pod, { __index = m })
end
