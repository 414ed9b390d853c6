-- on-request-loop.lua: on_request loops before every call.
-- shows: took longer than
match = { calls = { "createPod", "getPods", "getPodStatus", "deletePod" } }
function on_request(call)
  if starts_with(call.pod or "", "bomb") then while true do end end
end
