-- oom-killer.lua: pods labelled behaviour=oom-killer leak memory: the smaller their limit, the sooner they are killed.
-- Each run leaks faster than the one before; pod.memo keeps what it took.
match = { labels = { behaviour = "oom-killer" } }

param("leak_mib_per_second", 8, "how fast a container leaks")
param("default_limit_mib", 256, "memory limit of containers that set none")

function on_start(pod, container, run)
  local limit = params.default_limit_mib
  local limits = container.resources.limits
  if limits and limits.memory then limit = bytes(limits.memory) / 1024 / 1024 end

  local leak = (pod.memo.leak or params.leak_mib_per_second) * 1.1
  pod.memo.leak = leak
  return { ready = "1s", exit = 137, reason = "OOMKilled", after = limit / leak }
end
