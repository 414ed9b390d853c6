-- answer-cycle.lua: an answer that contains itself.
-- shows: unknown field
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function status(pod, status)
  if not armed(pod) then return end
  local t = { phase = "Running" }
  t.conditions = { t }
  t.message = t
  return t
end
