-- on-update-loop.lua: on_update loops for ever.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_update(pod, old)
  if not armed(pod) then return end
  while true do end
end
