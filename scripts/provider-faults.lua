-- provider-faults.lua: what a client of the provider meets when the provider itself is in trouble. All shares are 0 as
-- shipped: turn a param to see it.
match = { calls = { "createPod", "deletePod", "getContainerLogs" } }

param("slow_share", 0, "share of calls that take long")
param("slow_by", "2s", "how long")
param("error_share", 0, "share of calls that are answered 503")
param("hang_share", 0, "share of calls that are never answered")
param("drop_share", 0, "share of calls whose connection is closed without an answer")
param("garble_share", 0, "share of answers that do not parse")

function on_request(call)
  if chance(params.drop_share, "drop") then return drop() end
  if chance(params.hang_share, "hang") then return hang() end
  if chance(params.error_share, "error") then return reject(503, "provider is down for maintenance") end
  if chance(params.garble_share, "garble") then return garble() end
  if chance(params.slow_share, "slow") then return latency(params.slow_by) end
end
