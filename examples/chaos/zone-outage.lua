-- zone-outage.lua: a zone goes dark for three minutes, and a third of what is left crashes.
given {                                                   -- what there is on a held clock; live, the cluster has its own
  nodes = { { name = "moon", count = 6, zones = { "a", "b", "c" } } },
  pods = { { name = "web", count = 6, labels = { app = "web" } } },
}

local web = { labels = { app = "web" } }

scenario("zone outage", function()
  wait("10s")
  local dark = nodes{ labels = { ["topology.kubernetes.io/zone"] = "a" } }
  dark:silence("3m")
  expect("the other zones serve", function() return pods(web):ready() >= 4 end)
  pods{ labels = web.labels, ready = true }:sample(0.3):crash(137)
  expect("web keeps two ready", function() return pods(web):ready() >= 2 end, { holds_for = "1m" })
  expect("all are back when the zone is", function() return pods(web):ready() >= 6 end, { within = "5m" })
end)
