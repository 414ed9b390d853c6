-- stuck-terminating.lua: pods labelled behaviour=stuck-terminating never go away: their kubelet does not answer any
-- more. Turn the param release, and they end within a second. (Pods that only ignore SIGTERM: deaf.lua.)
match = { labels = { behaviour = "stuck-terminating" } }

param("release", false, "true lets the stuck pods go")

function on_delete(pod)
  if params.release then return "1s" end
  return false -- never
end
