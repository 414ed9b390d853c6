-- repeat-loop.lua: on_create loops for ever in a repeat.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_create(pod)
  if not armed(pod) then return end
  repeat until false
end
