-- write-library.lua: a hook replaces library functions.
-- refused: write-library.lua
match = { labels = { behaviour = "hostile" } }
function on_start(pod)
  string.rep = function() end
  math.pi = 3
end
