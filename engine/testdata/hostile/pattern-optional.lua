-- pattern-optional.lua: an exponential pattern of a?a?a?…aaa.
-- shows: could take too long
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return ("a"):rep(30):match(("a?"):rep(30) .. ("a"):rep(30))
end
