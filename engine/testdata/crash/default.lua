-- Pods that never rest: while the process is killed, changes of their own are under way too.
function on_create(pod)
  if chance(0.3) then return delay(uniform("0s", "300ms")) end
end

function on_pull(pod, container)
  return uniform("0s", "50ms")
end

function on_start(pod, container, run)
  pod.memo.runs = (pod.memo.runs or 0) + 1
  if chance(0.5) then return { exit = 1, after = uniform("10ms", "200ms") } end
  return { ready = "20ms" }
end
