-- tostring-loop.lua: __tostring of itself.
-- shows: stack overflow
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t
  t = setmetatable({}, { __tostring = function() return tostring(t) end })
  return tostring(t)
end
