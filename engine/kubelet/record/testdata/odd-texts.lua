-- story.lua: what moonlet record saw from 2026-11-20 09:00:00 UTC on, for 2s:
-- 1 pod on 0 nodes, 1 exit of containers, 0 other failures.
--
-- In the scripts folder it gives pods of these names these lives again, from their creation on. What came from
-- outside is the scenario: create the pods, and moonlet scenario run story.lua. Without a cluster, add --speed max.

-- What the scenario meets where there is no cluster.
given{
  nodes = {
    { name = "moon-0" },
  },
  pods = {
    { namespace = "shop", name = "web-0", node = "moon-0", spec = { containers = { { name = "my-app", image = "app:1" } } } },
  },
}

-- What each try to get an image and each run of a container did, in order; the last one goes for all later ones.
local lives = {
  -- my-app: exit 3: line break "quoted" ?� ]] --[[ é
  ["shop/web-0"] = {
    starts = {
      ["my-app"] = { { ready = false, exit = 3, message = "line\nbreak \"quoted\" \000\255 ]] --[[ é", after = "1s" } },
    },
  },
}

-- role is whose lives a pod lives.
local function role(pod)
  return pod.metadata.namespace .. "/" .. pod.metadata.name
end

local function life(pod) return lives[role(pod)] or {} end

match = function(pod) return lives[role(pod)] ~= nil end

function on_start(pod, container, run)
  local starts = life(pod).starts
  starts = starts and starts[container.name]
  return starts and starts[math.min(run.number, #starts)]
end

scenario("what was seen", function()
  at("2s")
end)
