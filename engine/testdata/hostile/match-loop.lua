-- match-loop.lua: match loops for ever, for every pod but the samples.
-- shows: took longer than
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function match(pod)
  if armed(pod) then while true do end end
  return false
end
