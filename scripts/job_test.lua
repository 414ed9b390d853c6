describe("job", function()
  local function work() return pod{ labels = { behaviour = "job" }, restart = "Never" } end

  it("does its work and completes", function()
    param("job.failure_rate", 0)
    local p = work()
    advance("10m")
    expect(p:row()):is("0/1 Completed 0")
    expect(p:logs{ tail = 1 }):matches("step [0-9] of 9")
  end)

  it("fails in part, with a message", function()
    param("job.failure_rate", 1)
    local p = work()
    advance("10m")
    expect(p.status.phase):is("Failed")
    local ended = p.status.containerStatuses[1].state.terminated
    expect(ended.exitCode):is(2)
    expect(ended.message):is("step 7 of 9: checksum mismatch")
  end)

  it("tries again where its pod may restart", function()
    param("job.failure_rate", 0.5)
    local p = pod{ labels = { behaviour = "job" }, restart = "OnFailure" }
    expect("it succeeds in the end", function() return p.status.phase == "Succeeded" end, { within = "24h" })
  end)
end)
