-- web.lua: pods labelled behaviour=web serve HTTP through kubectl port-forward, on any port: a page, a health check that
-- follows the pod's readiness, and as many errors as a param says.
match = { labels = { behaviour = "web" } }

param("error_rate", 0, "share of requests that are answered 500")

local function ready(pod)
  for _, c in ipairs(pod.status.conditions) do
    if c.type == "Ready" then return c.status == "True" end
  end
  return false
end

function http(pod, port, request)
  if request.path == "/healthz" then
    if ready(pod) then return "ok\n" end
    return reject(503, "not ready")
  end
  if chance(params.error_rate) then return { status = 500, body = "out of luck\n" } end
  if request.path == "/" then return ("hello, %s, from %s\n"):format(request.query.name or "you", pod.metadata.name) end
  if request.path == "/echo" then
    return { headers = { ["Content-Type"] = "application/json" }, body = json.encode(request) .. "\n" }
  end
  return { status = 404, body = "not here\n" }
end
