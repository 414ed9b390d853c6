-- index-loop.lua: an __index that calls itself by another key.
-- shows: stack overflow
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = setmetatable({}, { __index = function(t, k) return t[k .. "x"] end })
  return t.a
end
