describe("flaky", function()
  local p

  before_each(function()
    param("flaky.reject_rate", 0)
    p = pod{ labels = { behaviour = "flaky" } }
  end)

  it("is listed at once and starts a moment later", function()
    expect(p.status.phase):is("Pending")
    advance("10s")
    expect(p.status.phase):is("Running")
  end)

  it("stays up where no run crashes", function()
    param("flaky.crash_rate", 0)
    advance("24h")
    expect(p:row()):is("1/1 Running 0")
  end)

  it("crashes and is restarted", function()
    param("flaky.crash_rate", 1)
    advance("24h")
    expect(p:restarts()):at_least(100)
    expect(p.status.containerStatuses[1].lastState.terminated.exitCode):is(1)
    expect("it backs off", function() return p:row():match("CrashLoopBackOff") ~= nil end, { within = "1h" })
  end)

  it("is refused when the node is full", function()
    param("flaky.reject_rate", 1)
    expect(function() pod{ labels = { behaviour = "flaky" } } end):fails("out of capacity")
  end)
end)
