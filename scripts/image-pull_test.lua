describe("image-pull", function()
  it("cannot pull until the outage is over", function()
    local p = pod{ labels = { behaviour = "image-pull" } }
    advance("3s")
    expect(p.status.containerStatuses[1].state.waiting.reason):matches("ErrImagePull|ImagePullBackOff")
    advance("57s")
    expect(p:ready()):is(false)
    expect("the image comes", function() return p:ready() end, { within = "5m" })
    expect(p:restarts()):is(0)
  end)

  it("never gets an image that is missing", function()
    local p = pod{ labels = { behaviour = "image-missing" }, image = "shop:typo" }
    advance("24h")
    expect(p.status.phase):is("Pending")
    expect(p:journal()):contains('failed to pull and unpack image "shop:typo": not found')
  end)

  it("leaves other pods alone", function()
    local p, q = pod{}, pod{ labels = { app = "web" } }
    advance("10s")
    expect(p:ready() and q:ready()):is(true)
  end)
end)
