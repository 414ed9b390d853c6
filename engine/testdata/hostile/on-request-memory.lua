-- on-request-memory.lua: on_request eats memory before every call.
-- shows: too much memory|took longer than
match = { calls = { "createPod", "getPodStatus", "deletePod" } }
function on_request(call)
  if not starts_with(call.pod or "", "bomb") then return end
  local t = {}
  while true do t = { t, {}, {}, {} } end
end
