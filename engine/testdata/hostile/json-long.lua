-- json-long.lua: json.decode of three hundred thousand objects.
-- shows: more than 100000 values|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return json.decode("[" .. ("{},"):rep(300000) .. "1]")
end
