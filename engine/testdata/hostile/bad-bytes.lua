-- bad-bytes.lua: not Lua at all.
-- refused: bad-bytes.lua
\x00\xff return return end end <<<
