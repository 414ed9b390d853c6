-- zone-outage.lua: a zone goes dark for three minutes while a third of the rest crashes
given {
  nodes = { { name = "node", count = 6, zones = { "a", "b", "c" } } },
  pods  = { { name = "web", count = 6, labels = { app = "web" } } },
}

scenario("zone outage", function()
  wait("30s")
  local dark = nodes{ labels = { ["topology.kubernetes.io/zone"] = "a" } }
  dark:silence("3m")
  pods{ labels = { app = "web" } }:sample(0.3):crash(137)
  expect("web keeps two ready", function() return pods{ labels = { app = "web" } }:ready() >= 2 end, { within = "5m" })
end)
