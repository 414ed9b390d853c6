-- try-loop.lua: a hook that loops already on the pods that scripts are tried on.
-- refused: took longer than
match = { labels = { behaviour = "hostile" } }
function on_start(pod)
  while true do end
end
