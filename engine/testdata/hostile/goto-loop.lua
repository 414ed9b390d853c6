-- goto-loop.lua: on_pull loops for ever with goto.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_pull(pod, container)
  if not armed(pod) then return end
  ::again:: goto again
end
