-- memory-leak.lua: a new version leaks. Container after container is killed for want of memory, one a little later each
-- time, until the leak is found.
given {
  nodes = { { name = "moon", count = 3 } },
  pods = { { name = "cache", count = 4, labels = { app = "web" }, memory = "256Mi" } },
}

local web = { labels = { app = "web" } }

local function killed()
  local n = 0
  for _, p in ipairs(pods(web)) do
    local c = p.status.containerStatuses[1]
    local last = c and (c.state.terminated or c.lastState.terminated)
    if last and last.reason == "OOMKilled" then n = n + 1 end
  end
  return n
end

scenario("memory leak", function()
  loop_for("2m", "20s", function(turn)
    pods(web):sample(0.5, "turn " .. turn):oom{ why = "the leak reached the limit", allow_empty = true }
  end)
  expect("it shows as OOMKilled", function() return killed() >= 2, killed() end)
  expect("back-off delays but heals", function() return pods(web):ready() >= 4 end, { within = "6m", holds_for = "10s" })
end)
