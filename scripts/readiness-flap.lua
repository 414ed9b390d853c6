-- readiness-flap.lua: pods labelled behaviour=readiness-flap run, but are ready only part of the time: a load balancer,
-- a rollout and a disruption budget have to live with that.
match = { labels = { behaviour = "readiness-flap" } }

param("up", "30s", "how long it is ready")
param("down", "10s", "how long it is not, in turn")

function on_start(pod, container, run)
  return { ready = flap(params.up, params.down) }
end
