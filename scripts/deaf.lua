-- deaf.lua: pods labelled behaviour=deaf ignore SIGTERM: the kubelet kills them when their grace ends, exit code 137.
match = { labels = { behaviour = "deaf" } }

function on_start(pod, container, run)
  return { ready = "1s", terminate = false }
end
