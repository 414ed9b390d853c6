-- unpack-many.lua: unpack of a billion values.
-- shows: at most 200 values
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return unpack({}, 1, 1e9)
end
