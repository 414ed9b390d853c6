-- gmatch-loop.lua: string.gmatch without end over an empty match.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  while true do for w in ("x"):rep(1000):gmatch("x") do end end
end
