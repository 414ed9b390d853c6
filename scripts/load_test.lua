describe("load", function()
  it("is idle at first, and busy half a period later", function()
    local p = pod{ labels = { behaviour = "load" } }
    advance("2s")
    expect(p:usage().cpu):between(0.05, 0.06)
    advance("5m")
    expect(p:usage().cpu):between(0.7, 0.8)
    advance("5m")
    expect(p:usage().cpu):between(0.05, 0.06)
  end)

  it("takes memory until it levels off", function()
    local p = pod{ labels = { behaviour = "load" } }
    advance("2s")
    local early = p:usage().memory
    advance("1h")
    expect(p:usage().memory):at_least(3 * early)
    expect(p:usage().memory):between(bytes("199Mi"), bytes("200Mi"))
  end)
end)
