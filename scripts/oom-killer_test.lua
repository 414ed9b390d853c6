describe("oom-killer", function()
  local function leak(memory)
    local p = pod{ labels = { behaviour = "oom-killer" }, memory = memory }
    advance("20s")
    return p
  end

  it("is killed the sooner the smaller its limit is", function()
    local small, large = leak("64Mi"), leak("1Gi")
    expect(small.status.containerStatuses[1].lastState.terminated.reason):is("OOMKilled")
    expect(small.status.containerStatuses[1].lastState.terminated.exitCode):is(137)
    expect(large:restarts()):is(0)
    advance("2m")
    expect(large.status.containerStatuses[1].lastState.terminated.reason):is("OOMKilled")
  end)

  it("leaks faster each time", function()
    local p = leak("64Mi")
    local first = p.memo.leak
    advance("10m")
    expect(p.memo.leak):at_least(first * 1.1)
  end)

  it("has a limit where the pod sets none", function()
    local p = leak(nil)
    advance("1m")
    expect(p:restarts()):at_least(1)
  end)
end)
