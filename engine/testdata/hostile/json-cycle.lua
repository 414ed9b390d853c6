-- json-cycle.lua: json.encode of a table that contains itself.
-- shows: contains itself
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  t.t = t
  return json.encode(t)
end
