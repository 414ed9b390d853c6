-- huge-status.lua: a status of sixty thousand conditions with long messages.
-- shows: too much memory|took longer than|answer
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function status(pod, status)
  if not armed(pod) then return end
  local list, text = {}, ("x"):rep(1000)
  for i = 1, 60000 do list[i] = { type = "T" .. i, status = "True", message = text .. i } end
  return { conditions = list }, 0
end
