describe("default", function()
  it("takes a pod that nobody claims through pull and start", function()
    local p = pod{ init = { "prepare" } }
    expect(p:row()):is("0/1 Init:0/1 0")
    advance("2s") -- the first image, then a second of work
    expect(p:row()):is("0/1 PodInitializing 0")
    advance("3s")
    expect(p:row()):is("1/1 Running 0")
  end)

  it("logs a line each second", function()
    local p = pod{ name = "web" }
    advance("11s")
    expect(p:logs{ tail = 1 }):is("2026-11-20T09:00:11.000Z default/web app: line 10\n")
    expect(p:logs()):contains("line 1\n")
  end)

  it("does what its params say", function()
    param("default.pull_time", "1m")
    param("default.ready_after", "5m")
    local p = pod{}
    advance("59s")
    expect(p:row()):is("0/1 ContainerCreating 0")
    advance("1m")
    expect(p:row()):is("0/1 Running 0")
    advance("5m")
    expect(p:row()):is("1/1 Running 0")
  end)
end)
