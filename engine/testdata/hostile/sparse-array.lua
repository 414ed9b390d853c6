-- sparse-array.lua: a list with holes of a hundred thousand.
-- shows: too much memory|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  for i = 1, 1e9 do t[i * 100000] = { i } end
end
