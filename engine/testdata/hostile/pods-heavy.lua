-- pods-heavy.lua: pods{} with every filter, for ever.
-- shows: took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  while true do
    for _, p in ipairs(pods{ namespace = "default", name = "*", labels = { behaviour = "hostile" } }) do
      if p.status.phase == "Nowhere" then return end
    end
    nodes{ name = "*" }
  end
end
