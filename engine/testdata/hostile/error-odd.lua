-- error-odd.lua: errors that are nil, functions and tables.
-- shows: on_start: 
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local what = { false, function() end, { {} }, 1 / 0 }
  error(what[1 + #pod.metadata.name % 4])
end
