-- load-doubling.lua: the file itself doubles a string.
-- refused: more than 1 MiB
local s = "x"
while true do s = s .. s end
