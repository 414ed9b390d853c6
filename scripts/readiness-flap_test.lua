describe("readiness-flap", function()
  it("is ready thirty seconds of forty, and never restarts", function()
    local p = pod{ labels = { behaviour = "readiness-flap" } }
    advance("10s")
    local up = 0
    for _ = 1, 400 do
      if p:ready() then up = up + 1 end
      advance("1s")
    end
    expect(up):between(295, 305)
    expect(p:restarts()):is(0)
  end)
end)
