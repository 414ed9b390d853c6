-- recursion.lua: on_start calls itself without end.
-- shows: stack overflow
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local function f(n) return 1 + f(n + 1) end
  return f(1)
end
