-- hello.lua: a first script. It owns every pod.
match = true

function on_create(pod)
  return delay("10m") -- change this and save: pods that wait move on at once
end

function on_start(pod, container, run)
  return { ready = "0s" }
end

function logs(pod, container, opts)
  return every("1s", function(n, t) return rfc3339(t) .. " hello " .. n end)
end
