-- memory-leak.lua: pods labelled behaviour=memory-leak use more memory by the minute: kubectl top shows it grow, and who has a
-- memory limit is killed when it is passed. What leaks is the process, so each run begins anew.
match = { labels = { behaviour = "memory-leak" } }

param("start_mib", 40, "what a run uses at its beginning")
param("leak_mib_per_minute", 60, "how fast it leaks")
param("cpu", 0.1, "cores in use")

function usage(pod, container, run)
  local mib = params.start_mib + params.leak_mib_per_minute * since(run.started) / 60
  return { cpu = params.cpu, memory = math.floor(mib * 1024 * 1024), oom = true }
end
