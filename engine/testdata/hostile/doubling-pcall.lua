-- doubling-pcall.lua: a string that doubles, and the refusal swallowed.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local s = "x"
  while true do pcall(function() s = s .. s end) end
end
