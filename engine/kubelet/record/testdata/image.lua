-- story.lua: what moonlet record saw from 2026-11-20 09:00:00 UTC on, for 1m34.5s:
-- 2 pods on 0 nodes, 0 exits of containers, 3 other failures.
--
-- In the scripts folder it gives pods of these names these lives again, from their creation on. What came from
-- outside is the scenario: create the pods, and moonlet scenario run story.lua. Without a cluster, add --speed max.

-- What the scenario meets where there is no cluster.
given{
  nodes = {
    { name = "moon-0" },
  },
  pods = {
    { namespace = "shop", name = "web-0", node = "moon-0", spec = { containers = { { name = "app", image = "app:1" } } } },
    { namespace = "shop", name = "web-1", node = "moon-0", spec = { containers = { { name = "app", image = "app:1" } } } },
  },
}

-- What each try to get an image and each run of a container did, in order; the last one goes for all later ones.
local lives = {
  -- app: ErrImagePull: failed to pull "app:1": not found (2 times)
  ["shop/web-0"] = {
    pulls = {
      app = {
        { after = "500ms", reason = "ErrImagePull", error = "failed to pull \"app:1\": not found" },
        { after = "0s", reason = "ErrImagePull", error = "failed to pull \"app:1\": not found" },
        { after = "4s" },
      },
    },
    starts = {
      app = { { ready = "0s" } },
    },
  },

  -- app: ErrImageNeverPull: Container image "app:1" is not present with pull policy of Never
  ["shop/web-1"] = {
    pulls = {
      app = { { after = "0s", reason = "ErrImageNeverPull", error = "Container image \"app:1\" is not present with pull policy of Never" } },
    },
  },
}

-- role is whose lives a pod lives.
local function role(pod)
  return pod.metadata.namespace .. "/" .. pod.metadata.name
end

local function life(pod) return lives[role(pod)] or {} end

match = function(pod) return lives[role(pod)] ~= nil end

function on_pull(pod, container)
  local pulls = life(pod).pulls
  pulls = pulls and pulls[container.name]
  if not pulls then return end
  local key = "pulls of " .. container.name
  local n = (pod.memo[key] or 0) + 1
  pod.memo[key] = n
  return pulls[math.min(n, #pulls)]
end

function on_start(pod, container, run)
  local starts = life(pod).starts
  starts = starts and starts[container.name]
  return starts and starts[math.min(run.number, #starts)]
end

scenario("what was seen", function()
  at("1m34.5s")
end)
