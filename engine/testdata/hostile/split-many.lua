-- split-many.lua: a text split into a million parts.
-- shows: more than a list holds
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return split((","):rep(1e6), ",")
end
