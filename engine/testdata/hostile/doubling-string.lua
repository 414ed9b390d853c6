-- doubling-string.lua: a string that doubles for ever.
-- shows: more than 1 MiB
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local s = "x"
  while true do s = s .. s end
end
