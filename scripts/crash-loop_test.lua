describe("crash-loop", function()
  it("crashes with the kubelet's back-off, up to five minutes", function()
    local p = pod{ labels = { behaviour = "crash-loop" } }
    advance("5s")
    expect(p.status.containerStatuses[1].lastState.terminated.message):is("panic: out of luck")
    advance("1h")
    local before = p:restarts()
    expect(before):between(14, 18)
    advance("1h")
    expect(p:restarts() - before):between(11, 12) -- one every five minutes and two seconds
  end)

  it("heals after so many crashes", function()
    param("crash-loop.heals_after", 3)
    local p = pod{ labels = { behaviour = "crash-loop" } }
    advance("10m")
    expect(p:row()):is("1/1 Running 3")
  end)

  it("exits with what the param says, and a Job's pod fails with it", function()
    param("crash-loop.exit_code", 42)
    local p = pod{ labels = { behaviour = "crash-loop" }, restart = "Never" }
    advance("1m")
    expect(p.status.phase):is("Failed")
    expect(p.status.containerStatuses[1].state.terminated.exitCode):is(42)
  end)
end)
