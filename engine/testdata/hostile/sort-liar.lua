-- sort-liar.lua: a comparator that says true to everything, again and again.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  for i = 1, 50000 do t[i] = i end
  while true do pcall(table.sort, t, function() return true end) end
end
