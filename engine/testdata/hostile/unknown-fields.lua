-- unknown-fields.lua: answers with fields that do not exist.
-- shows: unknown field
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function status(pod, status)
  if not armed(pod) then return end
  return { fase = "Running", containerStatuses = { { name = "app", state = { runing = {} } } } }
end
