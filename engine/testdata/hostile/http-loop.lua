-- http-loop.lua: http loops for ever.
-- refused: took longer than
match = { labels = { behaviour = "hostile" } }
function http(pod, port, request)
  while request.path == "/" do end
end
