-- crash-storm.lua: while all pods are replaced one by one, the young ones crash again and again.
given {
  nodes = { { name = "moon", count = 3 } },
  pods = { { name = "web", count = 6, labels = { app = "web" } } },
}

local web = { labels = { app = "web" } }

local function rollout()
  for _, name in ipairs(pods(web):names()) do
    pods{ name = name }:stop{ phase = "Failed", why = "the new version comes", allow_empty = true }
    wait("5s")
  end
end

local function storm()
  loop_for("40s", "4s", function()
    local young = pods(web):filter(function(p) return since(p.metadata.creationTimestamp) < 30 end)
    young:sample(0.4):crash{ code = 1, allow_empty = true }
  end)
end

scenario("crash storm during rollout", function()
  parallel(rollout, storm)
  expect("half of web is there right after", function() return pods(web):ready() >= 3 end, { within = "1m" })
  expect("the back-off lets go", function() return pods(web):ready() >= 6 end, { within = "6m", holds_for = "10s" })
end)
