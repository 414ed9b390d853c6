-- json-shared.lua: json.encode of a tree whose branches are one, 2^60 leaves.
-- shows: longer than 1 MiB|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  for i = 1, 60 do t = { t, t } end
  return json.encode(t)
end
