-- port-forward-memory.lua: port_forward keeps all it ever made.
-- refused: too much memory|took longer than
match = { labels = { behaviour = "hostile" } }
function port_forward(pod, port, io)
  local t = {}
  while true do t = { t, {}, {}, io:read() } end
end
