-- spot-reclaim.lua: the cloud takes two machines back, two minutes after it said so. Their pods end in good order and
-- come up elsewhere.
given {
  nodes = { { name = "moon", count = 6, zones = { "a", "b", "c" } } },
  pods = { { name = "web", count = 6, labels = { app = "web" } } },
}

local web = { labels = { app = "web" } }

scenario("spot reclaim", function()
  local taken = {}
  for _, name in ipairs(nodes{}:pick(2):names()) do taken[name] = true end
  local function on_taken() return pods{ labels = web.labels, phase = "Running" }:filter(function(p) return taken[p.spec.nodeName] end) end

  nodes{}:filter(function(n) return taken[n.metadata.name] end):shutdown("2m", "10s", "4m")
  expect("the machines are empty in time", function() return on_taken():count() == 0 end, { within = "2m" })
  expect("web serves all along", function() return pods(web):ready() >= 4 end, { holds_for = "1m" })
  expect("all of web runs elsewhere", function() return pods(web):ready() - on_taken():ready() >= 6 end, { within = "3m" })
end)
