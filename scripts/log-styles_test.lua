describe("log-styles", function()
  local function line(style)
    local p = pod{ labels = { logs = style } }
    advance("5m")
    return p:logs{ tail = 1 }
  end

  it("writes JSON", function()
    local entry = json.decode(line("json"))
    expect(entry.n):is(598)
    expect(entry.level):matches("^(info|error)$")
  end)

  it("writes logfmt", function()
    expect(line("logfmt")):matches('^time=2026-11-20T09:05:00.000Z level=info msg="request done" path=/')
  end)

  it("writes what nginx writes", function()
    param("log-styles.error_rate", 1)
    expect(line("nginx")):matches('" 502 [0-9]+ ')
  end)

  it("writes what klog writes", function()
    param("log-styles.error_rate", 1)
    expect(line("klog")):matches("^E1120 09:05:00")
    param("log-styles.error_rate", 0)
    expect(line("klog")):matches("^I1120 09:10:00")
  end)

  it("writes traces of Java", function()
    param("log-styles.error_rate", 1)
    local p = pod{ labels = { logs = "java" } }
    advance("5m")
    expect(p:logs()):contains("java.lang.IllegalStateException: connection pool exhausted\n\tat ")
    param("log-styles.error_rate", 0)
    expect(p:logs{ tail = 1 }):matches(" INFO  request [0-9]+ done")
  end)

  it("floods", function()
    expect(#line("flood")):at_least(200)
  end)

  it("says which style it does not know", function()
    expect(line("cobol")):contains("unknown log style cobol")
  end)
end)
