-- for-loop.lua: on_start counts to 1e18.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local n = 0
  for i = 1, 1e18 do n = n + i end
end
