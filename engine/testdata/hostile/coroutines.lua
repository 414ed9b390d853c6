-- coroutines.lua: coroutines are asked for.
-- refused: coroutine
match = { labels = { behaviour = "hostile" } }
function on_start(pod)
  coroutine.wrap(function() coroutine.yield() end)()
end
