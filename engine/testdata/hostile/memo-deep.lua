-- memo-deep.lua: a memo nested twenty deep.
-- shows: nested too deeply
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  for i = 1, 20 do t = { t = t } end
  pod.memo.t = t
end
