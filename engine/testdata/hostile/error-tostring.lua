-- error-tostring.lua: the error thrown is a table whose __tostring loops.
-- shows: on_start: {}
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  error(setmetatable({}, { __tostring = function() while true do end end }))
end
