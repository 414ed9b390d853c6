-- load-loop.lua: the file itself loops for ever.
-- refused: took longer than
while true do end
