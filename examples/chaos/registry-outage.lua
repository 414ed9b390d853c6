-- registry-outage.lua: the image registry is away, and pods come that need it. They wait in ImagePullBackOff, and start
-- by themselves once it is back. The pods are those of scripts/image-pull.lua, whose param says when that is.
given {
  nodes = { { name = "moon", count = 3 } },
  pods = { { name = "api", count = 4, labels = { behaviour = "image-pull" } } },
}

local api = { labels = { behaviour = "image-pull" } }

local function waiting()
  return pods(api):filter(function(p)
    local c = p.status.containerStatuses[1]
    local why = c and c.state.waiting and c.state.waiting.reason
    return why == "ErrImagePull" or why == "ImagePullBackOff"
  end):count()
end

scenario("image registry outage", function()
  expect("all run before", function() return pods(api):ready() >= 4 end, { within = "3m" })
  param("image-pull.outage", "100h")
  pods(api):pick(2):stop("Failed")
  expect("the new ones cannot get their image", function() return waiting() == 2, waiting() end, { within = "1m", holds_for = "1m" })
  expect("the others go on", function() return pods(api):ready() == 2 end)
  param("image-pull.outage", "0s")
  expect("they come by themselves", function() return pods(api):ready() >= 4 end, { within = "6m" })
end)
