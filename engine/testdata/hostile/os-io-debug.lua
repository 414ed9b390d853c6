-- os-io-debug.lua: os, io, debug and load are asked for.
-- refused: os
match = { labels = { behaviour = "hostile" } }
function on_start(pod)
  os.execute("touch /tmp/hostile")
  io.open("/etc/passwd")
  debug.getregistry()
  load("return 1")()
end
