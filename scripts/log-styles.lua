-- log-styles.lua: pods with a label logs=STYLE write logs in that style: json, logfmt, nginx, klog, java or flood. The
-- lines are made when somebody reads them, so a pod that has logged for ten days costs nothing meanwhile. What the pods
-- do is default.lua's business.
match = { labels = { logs = "*" } }

param("interval", "500ms", "one line each")
param("error_rate", 0.05, "share of lines that tell of an error")

local PATHS = { "/", "/login", "/cart", "/api/v1/orders" }

local STYLES = {}

function STYLES.json(n, t)
  local failed = chance(params.error_rate)
  return log_json{
    time = rfc3339(t), level = failed and "error" or "info", msg = failed and "request failed" or "request",
    path = pick(PATHS), ms = math.floor(lognormal(20, 0.6)), n = n,
  }
end

function STYLES.logfmt(n, t)
  return logfmt{ time = rfc3339(t), level = "info", msg = "request done", path = pick(PATHS), took = ("%.0fms"):format(lognormal(20, 0.6)) }
end

function STYLES.nginx(n, t)
  return nginx{ time = t, path = pick(PATHS), status = chance(params.error_rate) and 502 or 200 }
end

function STYLES.klog(n, t)
  if chance(params.error_rate) then return klog("error", "Sync failed", { time = t, source = "sync.go:42", n = n }) end
  return klog("info", "Synced", { time = t, source = "sync.go:40", n = n })
end

function STYLES.java(n, t)
  if chance(params.error_rate) then
    return rfc3339(t) .. " ERROR request " .. n .. " failed\n" .. java_trace("java.lang.IllegalStateException", "connection pool exhausted")
  end
  return rfc3339(t) .. " INFO  request " .. n .. " done"
end

function STYLES.flood(n, t)
  return ("%s %08d %s"):format(rfc3339(t), n, ("x"):rep(200))
end

function logs(pod, container, opts)
  local style = STYLES[pod.metadata.labels.logs]
  if not style then return "unknown log style " .. pod.metadata.labels.logs end
  return every(pod.metadata.labels.logs == "flood" and "1ms" or params.interval, style)
end
