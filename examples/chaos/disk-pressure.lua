-- disk-pressure.lua: a node runs out of disk and throws its pods out one by one; where they land, it happens again.
given {
  nodes = { { name = "moon", count = 4 } },
  pods = { { name = "web", count = 8, labels = { app = "web" } } },
}

local web = { labels = { app = "web" } }

local function fill(node)
  nodes{ name = node }:pressure("disk", "5m")
  loop_for("30s", "10s", function()
    pods{ labels = web.labels, node = node, phase = "Running" }:pick(1):evict{ reason = "ephemeral-storage", allow_empty = true }
  end)
end

scenario("disk pressure eviction cascade", function()
  for _, node in ipairs(nodes{}:pick(2):names()) do
    fill(node)
    expect("web outlives " .. node, function() return pods(web):ready() >= 4 end, { within = "30s" })
  end
  expect("the evicted tell why", function()
    return pods{ labels = web.labels, phase = "Failed" }:filter(function(p) return p.status.reason == "Evicted" end):count() >= 4
  end)
  expect("web is whole again, elsewhere", function() return pods(web):ready() >= 8 end, { within = "3m", holds_for = "10s" })
end)
