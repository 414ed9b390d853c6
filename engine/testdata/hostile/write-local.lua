-- write-local.lua: a hook assigns a local of its file.
-- refused: local
match = { labels = { behaviour = "hostile" } }
local counter = 0
function on_start(pod)
  counter = counter + 1
end
