-- default.lua: pods that no other script claims, and hooks that other scripts leave out.
-- A healthy pod: its image takes a moment, it gets ready a moment later, and it runs until it is deleted.

param("pull_time", "1s", "how long an image pull takes")
param("ready_after", "2s", "from the start of a container until it is ready")
param("log_every", "1s", "one log line each")

function on_pull(pod, container)
  return params.pull_time
end

function on_start(pod, container, run)
  if run.init and not run.sidecar then return { exit = 0, after = "1s" } end
  return { ready = params.ready_after }
end

function logs(pod, container, opts)
  return every(params.log_every, function(n, t)
    return ("%s %s/%s %s: line %d"):format(rfc3339(t), pod.metadata.namespace, pod.metadata.name, container.name, n)
  end)
end
