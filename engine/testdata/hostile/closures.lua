-- closures.lua: closures that hold closures.
-- shows: too much memory|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local f = function() end
  while true do
    local g, t = f, { 1, 2, 3, 4, 5, 6, 7, 8 }
    f = function() return g, t end
  end
end
