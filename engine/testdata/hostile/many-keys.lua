-- many-keys.lua: keys that are set and deleted, which tables never forget.
-- shows: too much memory|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t, i = {}, 0
  while true do i = i + 1 t["k" .. i] = true t["k" .. i] = nil end
end
