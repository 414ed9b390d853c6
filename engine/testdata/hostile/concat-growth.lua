-- concat-growth.lua: table.concat of what table.concat gave.
-- shows: more than 1 MiB
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local s = "0123456789abcdef"
  while true do s = table.concat({ s, s, s, s }, ",") end
end
