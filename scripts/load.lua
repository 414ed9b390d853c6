-- load.lua: pods labelled behaviour=load use CPU in waves, as a service with a daily rhythm does, and memory that grows
-- until it levels off: for kubectl top, and for whoever tries an autoscaler.
match = { labels = { behaviour = "load" } }

param("idle", 0.05, "cores in use at the bottom of a wave")
param("peak", 0.8, "cores in use at its top")
param("period", "10m", "from one top to the next")
param("memory_mib", 200, "where memory levels off")

function usage(pod, container)
  local wave = (1 - math.cos(2 * math.pi * since(pod.status.startTime) / seconds(params.period))) / 2
  local warm = 1 - math.exp(-since(pod.status.startTime) / 60)
  return {
    cpu = params.idle + (params.peak - params.idle) * wave * uniform(0.95, 1),
    memory = math.floor(params.memory_mib * 1024 * 1024 * (0.2 + 0.8 * warm)),
  }
end
