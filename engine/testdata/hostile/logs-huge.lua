-- logs-huge.lua: log lines of a megabyte, a thousand a second.
-- harmless: as many bytes as a log may have are taken
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function logs(pod, container, opts)
  if not armed(pod) then return end
  return every("1ms", function(n, t) return ("x"):rep(1000000) .. n end)
end
