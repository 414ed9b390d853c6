package script_test

import (
	"testing"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func TestLibraryFunctions(t *testing.T) {
	for expr, want := range map[string]any{
		`("x=%d y=%5.2f %s %q %x %c %i %%"):format(3.7, 1.234, nil, 'a"b', 255, 65, -2)`: `x=3 y= 1.23 nil "a\"b" ff A -2 %`,
		`("%-5s|%05d|%+d|%g|%.3s"):format("ab", 42, 7, 0.1, "abcdef")`:                   "ab   |00042|+7|0.1|abc",
		`("%s %s"):format({ 1 } ~= nil, pod.metadata.labels)`:                            `true {"app":"web","b":"2"}`,
		`("a,b,,c"):gsub(",", ";", 2)`:                                                   "a;b;,c",
		`("hello world"):gsub("o", { o = "0" })`:                                         "hell0 w0rld",
		`("abc"):gsub("%w", "%0%0")`:                                                     "aabbcc",
		`("abc"):gsub("", "-")`:                                                          "-a-b-c-",
		`("key = value"):gsub("(%w+) = (%w+)", "%2 = %1")`:                               "value = key",
		`("abc"):gsub("b", function(x) return nil end)`:                                  "abc",
		`select(2, ("aaa"):gsub("a", "b"))`:                                              3.0,
		`("abc"):gsub("^a", "x")`:                                                        "xbc",
		`("  trim "):match("^%s*(.-)%s*$")`:                                              "trim",
		`("abc"):find("b")`:                                                              2.0,
		`select(3, ("abc"):find("(b)(c)"))`:                                              "b",
		`("a.c"):find(".", 1, true)`:                                                     2.0,
		`("abc"):find("c", -1)`:                                                          3.0,
		`("abc"):find("z") == nil`:                                                       true,
		`("abc"):find("", 10) == nil`:                                                    true,
		`("abc"):match("()b()")`:                                                         2.0,
		`string.gmatch("one two", "%a+")()`:                                              "one",
		`(function() local n = 0 for k, v in ("a=1,b=2"):gmatch("(%w)=(%w)") do n = n + v end return n end)()`: 3.0,
		`("abc"):sub(-2)`: "bc", `("abc"):sub(2, 10)`: "bc", `("abc"):sub(3, 2)`: "", `("abc"):byte(-1)`: 99.0,
		`("ab"):rep(3, "-")`: "ab-ab-ab", `("x"):rep(0)`: "", `("x"):rep(-1)`: "", `#("abc"):reverse()`: 3.0,
		`tostring(1e15)`: "1000000000000000", `tostring(0.1)`: "0.1", `tostring(1/3)`: "0.33333333333333", `tostring(1/0)`: "inf", `tostring(-1/0)`: "-inf",
		`tostring(2^63)`: "9.2233720368548e+18", `1 .. "" == "1"`: true, `0.5 .. ""`: "0.5", `tonumber("1e3")`: 1000.0, `tonumber(" 12 ")`: 12.0,
		`tonumber("abc") == nil`: true, `tonumber("0x1F")`: 31.0, `tonumber("ff", 16)`: 255.0, `tonumber("inf") == nil`: true, `tonumber("") == nil`: true, `tonumber(nil) == nil`: true,
		`table.concat({ 1, 2, 3 }, ", ", 2, 3)`: "2, 3", `#table.concat({}, "x")`: 0.0, `table.remove({ 1, 2, 3 }, 1)`: 1.0, `table.remove({}) == nil`: true,
		`(function() local t = { "b", "a" } table.sort(t) return t[1] end)()`:                                 "a",
		`(function() local t = { 1, 3, 2 } table.sort(t, function(a, b) return a > b end) return t[1] end)()`: 3.0,
		`(function() local t = { 1, 3 } table.insert(t, 2, 2) return table.concat(t, "") end)()`:              "123",
		`(function() local t = {} for i = 1, 60000 do t[i] = "x" end return #table.concat(t) end)()`:          60000.0,
		`select(-1, 1, 2, 3)`: 3.0, `select(2, "a", "b")`: "b", `(unpack({ 1, 2, 3 }, 2))`: 2.0, `math.max(1, 5, 3)`: 5.0, `math.fmod(-5, 3)`: -2.0, `7 % -3`: -2.0,
		`contains("a.b", ".")`: true, `starts_with("ab", "b")`: false, `#split("a  b c")`: 3.0, `split("a,b", ",")[2]`: "b", `#split("", ",")`: 1.0,
		`json.encode({ a = { 1, true, "x\n\"" }, b = 0.5, c = -0, d = 1e300 })`: `{"a":[1,true,"x\n\""],"b":0.5,"c":0,"d":1e+300}`,
		`json.encode("é\255")`: `"é` + "\ufffd" + `"`, `json.encode({})`: "{}", `json.encode(nil)`: "null", `json.decode('[1,null,"x"]')[3]`: "x", `json.decode("null") == nil`: true,
		`json.decode('{"a":{"b":[true]}}').a.b[1]`: true,
		`regexp.match("pod-12", [[(\w+)-(\d+)]])`:  "pod", `regexp.match("x", "y") == nil`: true, `regexp.match("abc", "b")`: "b", `regexp.replace("a1", [[(\d)]], "<$1>")`: "a<1>",
		`seconds("1m30s")`: 90.0, `seconds(5)`: 5.0, `duration(90)`: "1m30s", `cpu("250m")`: 0.25, `cpu(2)`: 2.0, `bytes("1Ki")`: 1024.0,
		`now()`: 1769846400.0, `since(now() - 5)`: 5.0, `since(nil)`: 0.0, `rfc3339(now() + 0.25)`: "2026-01-31T08:00:00.250Z", `rfc3339()`: "2026-01-31T08:00:00.000Z",
		`rfc3339("2026-01-31T09:00:00+01:00")`: "2026-01-31T08:00:00.000Z",
		`during("07:00", "09:00")`:             true, `during("09:00", "10:00")`: false, `during("22:00", "08:30")`: true, `during("08:00:30", "09:00")`: false,
		`during("2026-01-31T07:00:00Z", "2026-01-31T08:00:00Z")`: false, `during(now() - 1, now() + 1)`: true,
		`pcall(error, "x")`: false, `select(2, pcall(error, { code = 5 })).code`: 5.0, `select(2, pcall(error, "x", 0))`: "x",
		`select(2, xpcall(function() error("a", 0) end, function(e) return e .. "b" end))`: "ab", `xpcall(function() return 1 end, print)`: true,
		`select(2, pcall(function(a, b) return a + b end, 1, 2))`: 3.0,
		`"a" .. 1 .. "b" .. 2.5`:                                  "a1b2.5", `("x" .. "y"):upper()`: "XY", `(function(...) return "a" .. ... end)("b", "c")`: "ab",
		`log_json{ b = 1, msg = "m", level = "info", a = { 1 } }`:                           `{"time":"2026-01-31T08:00:00.000Z","level":"info","msg":"m","b":1,"a":[1]}`,
		`logfmt{ msg = "two words", n = 1, time = 0 }`:                                      `time=1970-01-01T00:00:00.000Z msg="two words" n=1`,
		`nginx{ remote = "1.2.3.4", path = "/x", status = 503, bytes = 7, agent = "curl" }`: `1.2.3.4 - - [31/Jan/2026:08:00:00 +0000] "GET /x HTTP/1.1" 503 7 "-" "curl"`,
		`klog("error", "no way", { source = "a.go:7", pod = "web" })`:                       `E0131 08:00:00.000000       1 a.go:7] "no way" pod="web"`,
		`#split(java_trace("java.lang.E", "boom", 3), "\n")`:                                4.0,
		`nginx() == nginx()`: false,
	} {
		got, err := call(t, hook(t, "return "+expr), script.Call{Args: []any{webPod()}, Now: storyTime})
		if err != nil || got != want {
			t.Errorf("%s: %#v, %v, want %#v", expr, got, err, want)
		}
	}
}

func TestLibraryFunctionsRefuse(t *testing.T) {
	for body, want := range map[string]string{
		`seconds("5 minutes")`: `"5 minutes" is not a duration: write "1m30s", or a number of seconds`, `since("yesterday")`: `"yesterday" is not a time`,
		`during("09:00", now())`: "both must be times of day", `cpu("x")`: "must be a quantity", `json.decode("{")`: "json.decode: unexpected EOF", `json.decode("1 2")`: "more after the first value",
		`json.encode({ print })`: "a function has no JSON", `json.encode({ 1, a = 2 })`: "both numbers and texts", `regexp.match("a", "(")`: "missing closing )",
		`reject("x")`: "must be an HTTP status", `reject(99)`: "must be an HTTP status", `delay()`: "a nil is not a duration", `delay(-1)`: "is not a duration",
		`every("1s", 5)`: "must be a function, not 5", `replace(1)`: "must be a table", `drop(1)`: "drop takes 0 arguments, not 1", `cut(2)`: "must be a share between 0 and 1",
		`klog("loud", "x")`: "must be info, warning", `log_json("x")`: "must be a table", `log_json{ f = print }`: "log_json: f: a function has no JSON", `java_trace("x", "y", 99)`: "from 0 to 60",
		`("%d"):format("x")`: "number expected", `("%y"):format(1)`: "is not a format", `("%"):format(1)`: "ends in the middle", `string.char(300)`: "must be a byte",
		`("a"):gsub("(a)", "%2")`: "no capture %2", `("a"):gsub("a", print, "x")`: "number expected", `("a"):gsub("a")`: "must be text, a table or a function", `("a"):gsub("a", function() return {} end)`: "the replacement is a table",
		`ipairs(nil)`: "must be a table, not nil", `pairs(5)`: "must be a table, not 5", `table.concat({ {} })`: "element 1 is a table", `table.sort(5)`: "must be a list", `select(0)`: "out of range",
		`error({ code = 5 })`: `{"code":5}`, `error("plain", 0)`: "plain", `error()`: "nil", `assert(false)`: "assertion failed", `assert(nil, "because")`: "because", `require_me = 1`: "",
		`return nil .. "x"`: "attempt to concatenate a nil value", `local t = {} return t.a.b`: "attempt to index a non-table object(nil) with key 'b'",
		`param("late", 1)`: "param declares a knob while the file loads", `tonumber("1", 99)`: "the base must be from 2 to 36",
	} {
		if want == "" {
			continue
		}
		_, err := eval(t, body)
		wantError(t, err, "flaky.lua:2: on_start: ", want)
	}
}

func TestLogLines(t *testing.T) {
	var got []script.LogLine
	rt := newRuntime(t, script.Options{Log: func(l script.LogLine) { got = append(got, l) }})
	set := mustLoad(t, rt, "flaky.lua", "print('loading', 1)\nfunction on_start(pod)\n  log.warn(pod.metadata.name, nil, { 1 } ~= nil, 2)\nend")
	if _, err := call(t, set, script.Call{Args: []any{webPod()}}); err != nil {
		t.Fatal(err)
	}
	want := []script.LogLine{
		{Script: "flaky.lua", Line: 1, Level: "info", Text: "loading 1"},
		{Script: "flaky.lua", Line: 3, Hook: "on_start", Level: "warn", Text: "web-1 nil true 2"},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v", got)
	}
}
