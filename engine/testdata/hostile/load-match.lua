-- load-match.lua: match is neither table nor function nor true.
-- refused: match
match = 42
function on_start(pod) end
