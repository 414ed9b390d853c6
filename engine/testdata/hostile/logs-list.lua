-- logs-list.lua: a log that is a list of sixty thousand long lines.
-- shows: more than 64 MiB|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function logs(pod, container, opts)
  if not armed(pod) then return end
  local t = {}
  for i = 1, 60000 do t[i] = ("x"):rep(1100) .. i end
  return t
end
