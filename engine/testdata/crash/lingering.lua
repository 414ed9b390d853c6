-- Pods that run at once and never end: told to go, they are still there, and must be after a crash.
match = { names = { "lingering-*" } }

function on_create(pod) end

function on_pull(pod, container)
  return 0
end

function on_start(pod, container, run)
  pod.memo.runs = (pod.memo.runs or 0) + 1
  return { ready = "20ms" }
end

function on_delete(pod)
  return false
end
