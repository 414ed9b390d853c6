describe("shell", function()
  local p

  before_each(function()
    p = pod{ name = "web", labels = { behaviour = "shell" } }
    advance("10s")
  end)

  it("answers commands", function()
    expect(p:exec("hostname").stdout):is("web\n")
    expect(p:exec("echo", "a", "b").stdout):is("a b\n")
    expect(p:exec("ls", "/etc").stdout):is("/etc/motd\n/etc/os-release\n")
    expect(p:exec("cat", "/app/config.json").stdout):contains("8080")
    expect(p:exec("date").stdout):is("2026-11-20T09:00:10.000Z\n")
    expect(p:exec("env").stdout):contains("HOSTNAME=web")
    expect(p:exec("sh", "-c", "echo one two").stdout):is("one two\n")
  end)

  it("has exit codes", function()
    expect(p:exec("true").exit):is(0)
    expect(p:exec("false").exit):is(1)
    expect(p:exec("cat", "/nothing").exit):is(1)
    expect(p:exec("rm", "-rf", "/").exit):is(127)
  end)

  it("reads from a pipe", function()
    expect(p:exec{ "cat", stdin = "some text" }.stdout):is("some text")
    expect(p:exec{ "sh", stdin = "echo a\n\nhostname\nexit\n" }.stdout):is("a\nweb\n")
    expect(p:exec{ "sh", stdin = "false\n" }.exit):is(1)
  end)

  it("greets who comes with a terminal", function()
    local seen = p:exec{ "sh", tty = true, stdin = "hostname\nexit\n" }.stdout
    expect(seen):contains("Welcome")
    expect(seen):contains("web:/# ")
  end)
end)
