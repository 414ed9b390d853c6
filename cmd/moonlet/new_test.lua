-- NAME_test.lua: what pods that live by NAME.lua must do. Each test has a world of its own, and a clock that only the test moves.
describe("NAME", function()
  it("is ready after three seconds", function()
    param("NAME.crash_rate", 0) -- turns the knob of NAME.lua, for this test alone
    local p = pod{ labels = { behaviour = "NAME" } }
    advance("2s")
    expect(p:row()):is("0/1 Running 0") -- as kubectl get pods prints it
    advance("2s")
    expect(p:row()):is("1/1 Running 0")
  end)

  it("crashes, backs off and is restarted", function()
    param("NAME.crash_rate", 1)
    local p = pod{ labels = { behaviour = "NAME" } }
    expect("it backs off", function() return p:row():match("CrashLoopBackOff") ~= nil end, { within = "1h" })
    advance("24h")
    expect(p:restarts()):at_least(100)
  end)
end)
