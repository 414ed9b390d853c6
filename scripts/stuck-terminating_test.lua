describe("stuck-terminating", function()
  local p

  before_each(function()
    p = pod{ labels = { behaviour = "stuck-terminating" } }
    advance("10s")
    p:delete()
  end)

  it("never goes", function()
    advance("72h")
    expect(p:row()):is("1/1 Terminating 0")
  end)

  it("goes once it is let go", function()
    advance("1h")
    param("stuck-terminating.release", true)
    advance("2s")
    expect(p:gone()):is(true)
  end)
end)
