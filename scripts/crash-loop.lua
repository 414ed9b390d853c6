-- crash-loop.lua: pods labelled behaviour=crash-loop never stay up. The restarts, the back-off from 10 s to 5 min and
-- CrashLoopBackOff are the kubelet's rules, not ours: one line says what a run does.
match = { labels = { behaviour = "crash-loop" } }

param("uptime", "2s", "how long a run lasts")
param("exit_code", 1, "what it exits with")
param("heals_after", 0, "this many crashes, then it runs for good; 0: never")

function on_start(pod, container, run)
  if params.heals_after > 0 and run.number > params.heals_after then return { ready = "1s" } end
  return { exit = params.exit_code, after = params.uptime, message = "panic: out of luck" }
end
