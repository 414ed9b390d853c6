-- wrong-types.lua: answers of the wrong type from every hook that can be one.
-- shows: answer
match = { labels = { behaviour = "hostile" } }
local function armed(pod) return starts_with(pod.metadata.name, "bomb") end -- the samples that scripts are tried on are spared
local function wrong(pod) if armed(pod) then return 42, {}, function() end end end
function on_create(pod) return wrong(pod) end
function on_start(pod, container, run) if armed(pod) then return { ready = {}, exit = "many", after = function() end } end end
function on_pull(pod, container) if armed(pod) then return { after = { "1s" } } end end
function status(pod, status) if armed(pod) then return { containerStatuses = "none", conditions = { { type = {} } } } end end
function logs(pod, container, opts) if armed(pod) then return 42 end end
function on_delete(pod) if armed(pod) then return {} end end
