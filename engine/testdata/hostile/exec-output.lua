-- exec-output.lua: exec writes for ever.
-- refused: the session wrote more than|took longer than
match = { labels = { behaviour = "hostile" } }
local line = ("y"):rep(1000) .. "\n"
function exec(pod, container, argv, io)
  while true do io:write(line) end
end
