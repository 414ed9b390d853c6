-- copy-everything.lua: copies of the pod and of all pods, kept.
-- shows: too much memory|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local all = {}
  while true do
    all[#all + 1] = copy(pod)
    for _, p in ipairs(pods{}) do all[#all + 1] = copy(p) end
  end
end
