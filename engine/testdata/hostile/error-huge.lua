-- error-huge.lua: the error thrown is a text of a megabyte.
-- shows: on_start: xxxx
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  error(("x"):rep(1000000))
end
