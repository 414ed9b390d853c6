-- regexp-loop.lua: regexp.replace again and again.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local s = ("a"):rep(100000)
  while true do regexp.replace(s, "(a*b)|a", "x") end
end
