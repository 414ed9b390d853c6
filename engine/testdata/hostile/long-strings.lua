-- long-strings.lua: a list of long strings, each another.
-- shows: more than 64 MiB|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t, s = {}, ("x"):rep(900000)
  while true do t[#t + 1] = s .. #t end
end
