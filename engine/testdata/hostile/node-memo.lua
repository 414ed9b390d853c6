-- node-memo.lua: every pod fills node.memo.
-- shows: the memo would have
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  for i = 1, 1e6 do node.memo[pod.metadata.name .. i] = "0123456789" end
end
