-- rolling-node-failures.lua: one node after the other dies for a minute, as in a kernel upgrade that goes wrong.
given {
  nodes = { { name = "moon", count = 6, zones = { "a", "b", "c" } } },
  pods = { { name = "web", count = 6, labels = { app = "web" } } },
}

param("down", "1m", "how long each node is away")

local web = { labels = { app = "web" } }

scenario("rolling node failures", function()
  for _, node in ipairs(nodes{}:pick(3):names()) do
    nodes{ name = node }:silence(params.down)
    expect("web serves without " .. node, function() return pods(web):ready() >= 3 end, { holds_for = "20s" })
    wait(params.down)
    expect(node .. " is back with its pods", function() return nodes{ name = node }:ready() == 1 end, { within = "1m" })
  end
  expect("web is whole again", function() return pods(web):ready() >= 6 end, { within = "5m" })
end)
