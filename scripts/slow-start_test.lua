describe("slow-start", function()
  it("takes its time, and is ready in the end", function()
    local p = pod{ labels = { behaviour = "slow-start" } }
    advance("2s")
    expect(p:row()):is("0/1 ContainerCreating 0")
    expect("it runs before it is ready", function() return p:row() == "0/1 Running 0" end, { within = "5m" })
    expect("it gets ready", function() return p:ready() end, { within = "10m" })
  end)

  it("is near the median as a rule", function()
    param("slow-start.pull_median", 1)
    param("slow-start.start_median", 1)
    param("slow-start.ready_median", 1)
    for _ = 1, 50 do pod{ labels = { behaviour = "slow-start" } } end
    advance("5s")
    expect(pods{}:ready()):at_least(35)
  end)
end)
