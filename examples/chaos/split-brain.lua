-- split-brain.lua: a node cannot be reached, and its pods live on there. Kubernetes takes them for lost; when the node
-- comes back, each of them must be there once more or be gone, and nothing twice.
given {
  nodes = { { name = "moon", count = 3 } },
  pods = { { name = "web", count = 6, labels = { app = "web" } } },
}

scenario("split brain", function()
  local lost = nodes{}:pick(1)
  local name = lost:names()[1]
  local there = function() return pods{ node = name, phase = "Running" } end
  local before = there():count()
  lost:silence("90s")
  expect("nobody reaches its pods", function() return there():ready() == 0 end)
  expect("they run on all the same", function() return there():count() >= before end, { holds_for = "50s" })
  if in_cluster() then
    expect("the cluster misses the node", function() return cluster_nodes{ name = name }:ready() == 0 end, { within = "40s" })
  end
  expect("the node comes back", function() return nodes{ name = name }:ready() == 1 end, { within = "2m" })
  expect("with its pods", function() return there():ready() >= before end, { within = "1m" })
  if in_cluster() then
    expect("and the cluster knows", function() return cluster_nodes{ name = name }:ready() == 1 end, { within = "1m" })
  end
end)
