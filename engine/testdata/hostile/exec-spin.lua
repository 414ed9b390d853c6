-- exec-spin.lua: exec reads on after the end of its input, for ever. The trial is a client that leaves.
-- refused: took longer than
match = { labels = { behaviour = "hostile" } }
function exec(pod, container, argv, io)
  while true do pcall(function() io:read() end) end
end
