-- cache-leak.lua: a new version leaks. Container after container passes its memory limit and is killed, until the leak is
-- found. The pods are those of scripts/memory-leak.lua, whose param says how fast they leak.
given {
  nodes = { { name = "moon", count = 3 } },
  pods = { { name = "cache", count = 4, labels = { behaviour = "memory-leak" }, memory = "256Mi" } },
}

local cache = { labels = { behaviour = "memory-leak" } }

local function killed()
  return pods(cache):filter(function(p)
    local c = p.status.containerStatuses[1]
    local last = c and (c.state.terminated or c.lastState.terminated)
    return last and last.reason == "OOMKilled"
  end):count()
end

scenario("memory leak", function()
  expect("all run before", function() return pods(cache):ready() >= 4 end, { within = "1m" })
  param("memory-leak.leak_mib_per_minute", 500)
  expect("it shows as OOMKilled", function() return killed() >= 4, killed() end, { within = "2m" })
  wait("1m")
  param("memory-leak.leak_mib_per_minute", 0)
  expect("all are well again", function() return pods(cache):ready() >= 4 end, { within = "6m", holds_for = "30s" })
end)
