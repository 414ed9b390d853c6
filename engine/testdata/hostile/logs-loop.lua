-- logs-loop.lua: the function of a log line loops.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function logs(pod, container, opts)
  if not armed(pod) then return end
  return every("1ms", function(n, t) while true do end end)
end
