-- string-rep.lua: string.rep asked for a hundred gigabytes.
-- shows: more than 1 MiB
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  pcall(string.rep, "x", 1e11)
  return ("ab"):rep(2 ^ 62)
end
