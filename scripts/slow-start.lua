-- slow-start.lua: pods labelled behaviour=slow-start take their time at every step: a big image, a start-up probe that
-- passes late, a cache to warm before they are ready. The times are log-normal: most are near the median, some are not.
match = { labels = { behaviour = "slow-start" } }

param("pull_median", 20, "seconds to pull the image")
param("start_median", 10, "seconds until the start-up probe passes")
param("ready_median", 30, "seconds from the start until it is ready")

function on_pull(pod, container)
  return lognormal(params.pull_median, 0.5)
end

function on_start(pod, container, run)
  local started = lognormal(params.start_median, 0.4)
  return { started = started, ready = started + lognormal(params.ready_median, 0.4) }
end
