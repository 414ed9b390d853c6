-- write-params.lua: params are assigned and misread.
-- shows: params are turned from outside
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
param("rate", 0.5, "a number")
function on_start(pod, container, run)
  if not armed(pod) then return end
  params.rate = "many"
end
