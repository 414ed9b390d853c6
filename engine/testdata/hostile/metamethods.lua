-- metamethods.lua: every operator calls another.
-- shows: stack overflow
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local m = {}
  m.__add = function(a, b) return a .. b end
  m.__concat = function(a, b) return a < b end
  m.__lt = function(a, b) return -a end
  m.__unm = function(a) return a() end
  m.__call = function(a) return a + a end
  local t = setmetatable({}, m)
  return t + t
end
