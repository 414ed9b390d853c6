-- gsub-function.lua: string.gsub calls a function that loops.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return (("abc"):gsub(".", function() while true do end end))
end
