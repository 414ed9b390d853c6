-- memo-cycle.lua: a memo that contains itself.
-- shows: contains itself
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  t.t = t
  pod.memo.t = t
end
