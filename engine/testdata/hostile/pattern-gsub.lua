-- pattern-gsub.lua: a backtracking pattern in gsub and gmatch.
-- shows: could take too long
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  pcall(string.gsub, ("a"):rep(300), ".-.-.-.-b", "")
  for w in ("a"):rep(300):gmatch(".-.-.-.-b") do end
end
