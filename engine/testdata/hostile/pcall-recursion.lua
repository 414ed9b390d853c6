-- pcall-recursion.lua: recursion through pcall, each level catching the one below.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local function f() pcall(f) return pcall(f) end
  while true do f() end
end
