-- odd-numbers.lua: durations and codes that are no numbers, endless or negative.
-- shows: answer
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return { exit = 0 / 0, after = 1 / 0, ready = -1 / 0, signal = 2 ^ 63 }
end
