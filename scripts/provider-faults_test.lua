describe("provider-faults", function()
  local function faults(name, value)
    param("provider-faults." .. name, value or 1)
    return request("createPod", { pod = "web" })
  end

  it("leaves calls alone as shipped", function()
    for _, call in ipairs{ "createPod", "deletePod", "getContainerLogs", "getPodStatus" } do
      expect(request(call)):is(nil)
    end
  end)

  it("answers errors", function()
    local f = faults("error_share")
    expect(f.code):is(503)
    expect(f.message):is("provider is down for maintenance")
  end)

  it("takes long", function()
    param("provider-faults.slow_by", "5s")
    expect(faults("slow_share").latency):is(5)
  end)

  it("drops connections, hangs, and spoils answers", function()
    expect(faults("garble_share").garble):is(true)
    expect(faults("hang_share").hang):is_not(0)
    expect(faults("drop_share").drop):is(true) -- it comes before the others
  end)

  it("does not see other calls", function()
    faults("drop_share")
    expect(request("getPodStatus")):is(nil)
  end)

  it("hits its share of the calls", function()
    param("provider-faults.error_share", 0.5)
    local hit = 0
    for _ = 1, 200 do
      if request("deletePod") then hit = hit + 1 end
    end
    expect(hit):between(60, 140)
  end)
end)
