-- NAME.lua: pods labelled behaviour=NAME live by this file. Save it, and the change is live.

-- Whose pods. Also possible: namespaces, names, annotations, or a function(pod) that says true or false.
match = { labels = { behaviour = "NAME" } }

-- A knob with its default; it can be set without touching the file: --params NAME.crash_rate=0.5
param("crash_rate", 0.2, "share of container runs that crash")

-- Asked at every start of a container: what will this run do? Restarts and back-off follow by themselves.
function on_start(pod, container, run)
  if chance(params.crash_rate) then
    return { exit = 1, after = exponential("30s") } -- crash after half a minute, on average
  end
  return { ready = "3s" } -- ready after three seconds, then run until deleted
end

-- Asked when a pod is created: let it in, make it wait, or turn it away.
-- function on_create(pod)
--   if chance(0.1) then return reject(503, "out of capacity") end
--   return delay(uniform("1s", "5s"))
-- end

-- Asked for the container's log: a text, a list of lines, or a line at a time.
-- function logs(pod, container, opts)
--   return every("1s", function(n, t)
--     return ("%s level=info msg=\"hello\" n=%d"):format(rfc3339(t), n)
--   end)
-- end
