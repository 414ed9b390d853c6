-- write-pod.lua: fields of the pod are assigned.
-- shows: read-only
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  pod.metadata.name = "mine"
end
