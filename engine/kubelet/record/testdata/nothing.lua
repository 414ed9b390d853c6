-- story.lua: what moonlet record saw from 2026-11-20 09:00:00 UTC on, for 1m:
-- 0 pods on 0 nodes, 0 exits of containers, 0 other failures.
--
-- In the scripts folder it gives pods of these names these lives again, from their creation on. What came from
-- outside is the scenario: create the pods, and moonlet scenario run story.lua. Without a cluster, add --speed max.

scenario("what was seen", function()
  at("1m")
end)
