-- xpcall-handler.lua: the handler of an error loops for ever.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  while true do xpcall(function() error("no") end, function() while true do end end) end
end
