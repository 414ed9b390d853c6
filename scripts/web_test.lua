describe("web", function()
  local p

  before_each(function()
    p = pod{ name = "web", labels = { behaviour = "web" } }
    advance("2s")
  end)

  it("has a health check that follows readiness", function()
    expect(p:http("/healthz").status):is(503)
    advance("5s")
    local answer = p:http("/healthz")
    expect(answer.status):is(200)
    expect(answer.body):is("ok\n")
  end)

  it("serves a page, an echo, and nothing else", function()
    expect(p:http("/?name=moon").body):is("hello, moon, from web\n")
    local echo = p:http{ "/echo", method = "POST", body = "hi", port = 8080 }
    expect(echo.headers["Content-Type"]):is("application/json")
    expect(json.decode(echo.body).body):is("hi")
    expect(p:http("/nothing").status):is(404)
  end)

  it("errs as often as it is told", function()
    param("web.error_rate", 1)
    expect(p:http("/").status):is(500)
  end)
end)
