describe("node", function()
  it("is as config says unless it is told otherwise", function()
    local n = node_status()
    expect(n.capacity["nvidia.com/gpu"]):is(nil)
    expect(n.conditions.Ready.status):is("True")
    expect(n.conditions.DiskPressure.status):is("False")
  end)

  it("has as many GPUs as the param says, beside what config gives", function()
    param("node.gpus", 8)
    expect(node_status().capacity["nvidia.com/gpu"]):is("8")
    expect(node_status().capacity.cpu):is("20")
  end)

  it("is under pressure, and the other conditions stay", function()
    for kind, condition in pairs{ memory = "MemoryPressure", disk = "DiskPressure", pid = "PIDPressure" } do
      param("node.pressure", kind)
      expect(node_status().conditions[condition].status):is("True")
      expect(node_status().conditions.Ready.status):is("True")
    end
  end)

  it("is not ready", function()
    advance("1m")
    param("node.ready", false)
    local ready = node_status().conditions.Ready
    expect(ready.status):is("False")
    expect(ready.message):is("container runtime is down")
    expect(ready.lastTransitionTime):is("2026-11-20T09:01:00Z")
  end)
end)
