-- pattern-long.lua: a pattern of six hundred thousand bytes.
-- shows: the pattern has
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return ("a"):rep(1000):find(("a?"):rep(300000))
end
