-- newindex-loop.lua: a __newindex that assigns to itself.
-- shows: stack overflow
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = setmetatable({}, { __newindex = function(t, k, v) t[k .. "x"] = v end })
  t.a = 1
end
