-- nested-growth.lua: tables in tables without end.
-- shows: too much memory|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  while true do t = { t, {}, {}, {} } end
end
