-- regexp.lua: a regular expression of five hundred optional parts over a megabyte.
-- shows: too large for a text
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
function on_start(pod, container, run)
  if not armed(pod) then return end
  return regexp.match(("a"):rep(1e6), "(a?){500}b")
end
