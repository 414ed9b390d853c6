-- pattern.lua: a pattern that backtracks for minutes.
-- shows: could take too long
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return ("a"):rep(300):find(".-.-.-.-b")
end
