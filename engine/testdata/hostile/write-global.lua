-- write-global.lua: a hook assigns a global.
-- refused: global
match = { labels = { behaviour = "hostile" } }
function on_start(pod)
  counter = (counter or 0) + 1
end
