-- tail-recursion.lua: on_start calls itself in tail position, which needs no stack.
-- shows: took longer than|stack overflow
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local function f() return f() end
  return f()
end
