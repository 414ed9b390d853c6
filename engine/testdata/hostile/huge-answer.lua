-- huge-answer.lua: an answer of a hundred thousand fields.
-- shows: unknown field|took longer than
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  local t = {}
  for i = 1, 100000 do t["f" .. i] = { i } end
  return t
end
