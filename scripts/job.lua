-- job.lua: pods labelled behaviour=job do their work and end. With restartPolicy Never or OnFailure they complete; a
-- share fails, and what happens then is the kubelet's and the Job controller's business.
match = { labels = { behaviour = "job" } }

param("mean_time", "20s", "mean time of the work")
param("failure_rate", 0.1, "share of runs that fail")

function on_start(pod, container, run)
  local work = math.max(1, normal(params.mean_time, "4s"))
  if chance(params.failure_rate) then
    return { exit = 2, after = work * uniform(0.2, 0.9), message = "step 7 of 9: checksum mismatch" }
  end
  return { exit = 0, after = work }
end

function logs(pod, container, opts)
  return every("1s", function(n, t)
    return ("%s step %d of 9"):format(rfc3339(t), math.min(9, math.floor(n / 2) + 1))
  end)
end
