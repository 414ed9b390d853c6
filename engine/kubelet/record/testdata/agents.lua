-- story.lua: what moonlet record saw from 2026-11-20 09:00:00 UTC on, for 35s:
-- 3 pods on 0 nodes, 0 exits of containers, 0 other failures.
--
-- In the scripts folder it gives pods of these names these lives again, from their creation on. What came from
-- outside is the scenario: create the pods, and moonlet scenario run story.lua. Without a cluster, add --speed max.

-- What each try to get an image and each run of a container did, in order; the last one goes for all later ones.
local lives = {
  ["shop/agent-* on moon-0"] = {
    starts = {
      app = { { ready = "0s" } },
    },
  },
  -- 2 pods, the oldest first.
  ["shop/agent-* on moon-1"] = {
    {
      starts = {
        app = { { ready = "0s", terminate = "4s" } },
      },
    },
    {
      starts = {
        app = { { ready = "0s" } },
      },
    },
  },
}

-- role is whose lives a pod lives: its own, or those of all pods whose names are made up like its name.
local function role(pod)
  local m = pod.metadata
  local key = m.namespace .. "/" .. m.name
  if lives[key] then return key end
  local hash, stem = m.labels["pod-template-hash"], m.generateName
  local from = hash and m.name:find(hash .. "-", 1, true)
  if from then stem = m.name:sub(1, from - 1) end -- of a ReplicaSet; the Deployment counts
  if not stem then return key end
  key = m.namespace .. "/" .. stem .. "*"
  local here = key .. " on " .. (pod.spec.nodeName or "")
  return lives[here] and here or key
end

-- age is the place of a pod among others, the oldest first.
local function age(pod, others)
  local function born(p) return (p.metadata.creationTimestamp or "") .. " " .. p.metadata.name end
  local n = 1
  for _, other in ipairs(others) do
    if born(other) < born(pod) then n = n + 1 end
  end
  return n
end

-- turn is which of its role's lives a pod lives: by age, and where pods of one name follow each other, by their number.
local function turn(pod)
  local mine = role(pod)
  if mine:sub(-1) == "*" then
    return age(pod, pods{ namespace = pod.metadata.namespace }:filter(function(p) return role(p) == mine end))
  end
  local n = (node.memo[mine] or 0) + 1
  node.memo[mine] = n
  return n
end

local function life(pod)
  local mine = lives[role(pod)] or {}
  if not mine[1] then return mine end
  return mine[((pod.memo.turn or 1) - 1) % #mine + 1]
end

match = function(pod) return lives[role(pod)] ~= nil end

function on_create(pod)
  if (lives[role(pod)] or {})[1] then pod.memo.turn = turn(pod) end
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
  -- at 20s: shop/agent-1 was deleted; it took 4s to go
  at("35s")
end)
