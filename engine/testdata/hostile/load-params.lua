-- load-params.lua: param declared with everything but a number, text or boolean.
-- refused: param
param("a", {}, "a table")
param(1, nil)
param("b", function() end)
match = { labels = { behaviour = "hostile" } }
