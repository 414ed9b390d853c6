-- thundering-herd.lua: all pods crash in one moment and start slowly; what is ready first gets the whole load, and falls
-- again. The pods are those of scripts/slow-start.lua.
given {
  nodes = { { name = "moon", count = 4 } },
  pods = { { name = "api", count = 8, labels = { behaviour = "slow-start" } } },
}

local api = { labels = { behaviour = "slow-start" } }
local up = { labels = api.labels, ready = true }

scenario("slow start thundering herd", function()
  expect("all are up before", function() return pods(api):ready() >= 8 end, { within = "5m" })
  pods(api):crash(137)
  expect("nothing is left", function() return pods(api):ready() == 0 end)
  for round = 1, 2 do
    expect("the first of round " .. round .. " comes up", function() return pods(api):ready() >= 1 end, { within = "4m" })
    pods(up):crash{ code = 137, why = "it got the load of all" }
  end
  expect("the herd is through", function() return pods(api):ready() >= 8 end, { within = "10m", holds_for = "30s" })
end)
