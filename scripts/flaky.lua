-- flaky.lua: pods labelled behaviour=flaky crash now and then, and are restarted as a kubelet restarts them.
match = { labels = { behaviour = "flaky" } }

param("crash_rate", 0.2, "share of container runs that crash")
param("uptime", "30s", "mean time to the crash")
param("reject_rate", 0.05, "share of creates that are refused: out of capacity")

function on_create(pod)
  if chance(params.reject_rate) then return reject(503, "out of capacity") end
  return delay(uniform("200ms", "2s")) -- stored and listed at once, Pending that long; nobody waits
end

function on_start(pod, container, run)
  if chance(params.crash_rate) then
    return { exit = 1, after = exponential(params.uptime) }
  end
  return { ready = "3s" }
end
