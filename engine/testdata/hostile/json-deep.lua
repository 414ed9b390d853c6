-- json-deep.lua: json.decode of a hundred thousand brackets.
-- shows: nested too deeply
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return json.decode(("["):rep(100000))
end
