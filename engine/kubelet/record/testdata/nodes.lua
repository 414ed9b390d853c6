-- story.lua: what moonlet record saw from 2026-11-20 09:00:00 UTC on, for 3m10s:
-- 0 pods on 3 nodes, 0 exits of containers, 3 other failures.
--
-- In the scripts folder it gives pods of these names these lives again, from their creation on. What came from
-- outside is the scenario: create the pods, and moonlet scenario run story.lua. Without a cluster, add --speed max.

-- What the scenario meets where there is no cluster.
given{
  nodes = {
    { name = "moon-0" },
    { name = "moon-1" },
    { name = "moon-2" },
  },
}

scenario("what was seen", function()
  at("30.1s")
  nodes{ name = "moon-0" }:silence("1m39.9s") -- moon-0 fell silent for 1m40s
  at("1m10s")
  nodes{ name = "moon-1" }:not_ready("container runtime is down", "1m") -- moon-1 was not ready for 1m0s: container runtime is down
  nodes{ name = "moon-2" }:pressure("disk") -- moon-2 was short of disk
  at("3m10s")
end)
