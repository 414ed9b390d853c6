-- log-flood.lua: a log line of a megabyte, for ever.
-- shows: more than 64 MiB|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  while true do log.info(("x"):rep(900000)) end
end
