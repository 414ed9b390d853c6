-- memo-functions.lua: functions and objects put into the memo.
-- shows: a function cannot be kept
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  pod.memo.f = function() end
  pod.memo.p = pod
end
