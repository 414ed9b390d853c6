-- sort-comparator.lua: a comparator that never returns.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  table.sort({ 3, 1, 2 }, function(a, b) while true do end end)
end
