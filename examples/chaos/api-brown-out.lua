-- api-brown-out.lua: the way to the API server is slow and lossy. Pods live on; what the cluster knows of them is late,
-- and is right again in the end.
given {
  nodes = { { name = "moon", count = 3 } },
  pods = { { name = "web", count = 6, labels = { app = "web" } } },
}

local web = { labels = { app = "web" } }

scenario("API brown-out", function()
  writes{ share = 0.5 }:late("3s", "1m")
  writes{ share = 0.2 }:lost("1m")
  calls{ calls = { "getPodStatus", "getPods" }, share = 0.3 }:latency("2s", "1m")
  pods(web):pick(2):crash(1)
  expect("most of web serves meanwhile", function() return pods(web):ready() >= 4 end, { holds_for = "30s" })
  wait("30s")
  expect("all serve", function() return pods(web):ready() >= 6 end, { within = "2m" })
  if in_cluster() then
    expect("the cluster knows it", function() return deployments{ name = "web" }:available() >= 6 end, { within = "1m" })
  end
end)
