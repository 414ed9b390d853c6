-- mutual-recursion.lua: two functions call each other without end.
-- shows: stack overflow
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local a, b
  function a(n) return b(n) + 1 end
  function b(n) return a(n) + 1 end
  return a(1)
end
