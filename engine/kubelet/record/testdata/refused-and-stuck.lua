-- story.lua: what moonlet record saw from 2026-11-20 09:00:00 UTC on, for 26s:
-- 3 pods on 0 nodes, 0 exits of containers, 2 other failures.
--
-- In the scripts folder it gives pods of these names these lives again, from their creation on. What came from
-- outside is the scenario: create the pods, and moonlet scenario run story.lua. Without a cluster, add --speed max.

-- What the scenario meets where there is no cluster.
given{
  nodes = {
    { name = "moon-0" },
  },
  pods = {
    { namespace = "shop", name = "big-0", node = "moon-0", spec = { containers = { { name = "app", image = "app:1" } } } },
    { namespace = "shop", name = "config-0", node = "moon-0", spec = { containers = { { name = "app", image = "app:1" } } } },
    { namespace = "shop", name = "stuck-0", node = "moon-0", spec = { containers = { { name = "app", image = "app:1" } } } },
  },
}

-- What each try to get an image and each run of a container did, in order; the last one goes for all later ones.
local lives = {
  -- OutOfcpu: Node didn't have enough resource: cpu
  ["shop/big-0"] = { refused = { "OutOfcpu", "Node didn't have enough resource: cpu" } },

  -- app: CreateContainerConfigError: secret "db" not found
  ["shop/config-0"] = {
    starts = {
      app = {
        { start_error = { reason = "CreateContainerConfigError", message = "secret \"db\" not found" } },
        { start_error = { reason = "CreateContainerConfigError", message = "secret \"db\" not found" } },
        { start_error = { reason = "CreateContainerConfigError", message = "secret \"db\" not found" } },
        { ready = "0s" },
      },
    },
  },

  -- it never came so far that containers could start
  ["shop/stuck-0"] = { delay = "24h" },
}

-- role is whose lives a pod lives.
local function role(pod)
  return pod.metadata.namespace .. "/" .. pod.metadata.name
end

local function life(pod) return lives[role(pod)] or {} end

match = function(pod) return lives[role(pod)] ~= nil end

function on_create(pod)
  local l = life(pod)
  if l.refused then return l.refused[1], l.refused[2] end
  if l.delay then return delay(l.delay) end
end

function on_start(pod, container, run)
  local starts = life(pod).starts
  starts = starts and starts[container.name]
  return starts and starts[math.min(run.number, #starts)]
end

scenario("what was seen", function()
  at("26s")
end)
