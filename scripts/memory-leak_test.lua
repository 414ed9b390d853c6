describe("memory-leak", function()
  it("uses more by the minute", function()
    local p = pod{ labels = { behaviour = "memory-leak" } }
    advance("10s")
    local early = p:usage().memory
    advance("10m")
    expect(p:usage().memory):between(early + bytes("599Mi"), early + bytes("601Mi"))
    expect(p:restarts()):is(0)
  end)

  it("is killed over its limit, and begins anew", function()
    local p = pod{ labels = { behaviour = "memory-leak" }, memory = "100Mi" }
    advance("75s")
    expect(p.status.containerStatuses[1].lastState.terminated.reason):is("OOMKilled")
    expect(p.status.containerStatuses[1].lastState.terminated.exitCode):is(137)
    expect(p:restarts()):is(1)
    expect(p:usage().memory):at_most(bytes("60Mi"))
  end)
end)
