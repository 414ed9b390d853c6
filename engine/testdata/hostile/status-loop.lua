-- status-loop.lua: status loops for ever, asked on every call.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function status(pod, status)
  if not armed(pod) then return end
  while true do end
  return nil, 0
end
