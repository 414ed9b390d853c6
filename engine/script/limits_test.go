package script_test

import (
	"context"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// bombs are programs that would hang or eat the process; each must end as a named error.
var bombs = []struct{ name, body, want string }{
	{"endless loop", `while true do end`, "took longer than"},
	{"endless loop under pcall", `while true do pcall(function() while true do end end) end`, "took longer than"},
	{"endless loop in an xpcall handler", `xpcall(function() error("x") end, function() while true do end end)`, "took longer than"},
	{"endless tail calls", `local function f() return f() end return f()`, "stack overflow"},
	{"endless goto", `::again:: goto again`, "took longer than"},
	{"deep recursion", `local function f() return 1 + f() end return f()`, "stack overflow"},
	{"recursion through pcall", `local function f() return pcall(f) end local ok, why = f() error(why or "went through")`, ""},
	{"recursion through a metamethod", `local t = setmetatable({}, { __index = function(t, k) return t[k .. "x"] end }) return t.a`, "stack overflow"},
	{"recursion through tostring", `local t t = setmetatable({}, { __tostring = function() return tostring(t) end }) return tostring(t)`, "stack overflow"},
	{"recursion through gsub", `local function f(s) return (s:gsub("a", f)) end return f("a")`, "stack overflow"},
	{"metatable loop", `local t = {} t = setmetatable(t, { __index = t }) setmetatable(t, { __index = t }) return t.x`, "too many recursions"},
	{"rep of a huge count", `return ("x"):rep(1e11)`, "rep would build a string of 100000000000 bytes, more than 1 MiB"},
	{"rep of a huge count under pcall", `pcall(string.rep, "x", 1e11) return ("ab"):rep(2^62)`, "more than 1 MiB"},
	{"rep of endless", `return ("x"):rep(math.huge)`, "more than 1 MiB"},
	{"doubling string", `local s = "x" while true do s = s .. s end`, "more than 1 MiB"},
	{"doubling string under pcall", `local s = "x" while true do pcall(function() s = s .. s end) end`, "took longer than"},
	{"many strings", `local t = {} local s = ("x"):rep(100000) for i = 1, 1e9 do t[i] = s .. i end`, "more than 64 MiB"},
	{"growing by format", `local s = "xx" while true do s = string.format("%s%s", s, s) end`, "more than 1 MiB"},
	{"growing by gsub", `local s = "xxxxxxxx" while true do s = s:gsub("x", "xxxxxxxx") end`, "too long to go through match by match"},
	{"growing by gsub with a function", `local s = ("x"):rep(1000) return (s:gsub("x", function() return s .. s end))`, "more than 1 MiB"},
	{"growing by concat", `local t = {} for i = 1, 60000 do t[i] = "0123456789abcdef0123456789abcdef" end return table.concat(t)`, "more than 1 MiB"},
	{"growing by a list's text", `local t = {} local s = ("x"):rep(1e6) for i = 1, 100 do t[i] = s end return table.concat(t, ",")`, "more than 1 MiB"},
	{"growing table", `local t = {} local i = 0 while true do i = i + 1 t[i .. ""] = {} end`, "too much memory"},
	{"nested tables", `local t = {} while true do t = { t, {}, {}, {} } end`, "too much memory"},
	{"sparse array", `local t = {} for i = 1, 1e9 do t[i * 100000] = { i } end`, "too much memory"},
	{"insert far away", `table.insert({}, 2e7, 1)`, "must be a position"},
	{"insert for ever", `local t = {} while true do table.insert(t, 1) end`, "the list is full"},
	{"backtracking pattern", `return ("a"):rep(300):find(".-.-.-.-b")`, "could take too long"},
	{"quadratic pattern", `return ("a"):rep(10000):match("(.-)x")`, "could take too long"},
	{"exponential pattern", `return ("a"):rep(30):match(("a?"):rep(30) .. ("a"):rep(30))`, "could take too long"},
	{"long pattern", `return ("a"):rep(1000):find(("a?"):rep(300000))`, "the pattern has 600000 bytes, more than 500"},
	{"pattern in gsub", `return ("a"):rep(300):gsub(".-.-.-.-b", "")`, "could take too long"},
	{"pattern in gmatch", `for x in ("a"):rep(300):gmatch(".-.-.-.-b") do end`, "could take too long"},
	{"balanced pattern", `return ("("):rep(100000):find("%b()%b()")`, "could take too long"},
	{"malformed pattern", `return ("a"):find("[a")`, "malformed"},
	{"unfinished capture", `return ("a"):find("(a")`, "malformed"},
	{"odd capture index", `return ("a"):find("%9")`, "malformed"},
	{"width of a format", `return ("%99999999d"):format(1)`, "at most two digits"},
	{"missing format value", `return ("%s %s"):format(1)`, "wants more than the 1 values"},
	{"unpack of many", `local t = {} for i = 1, 60000 do t[i] = i end return unpack(t)`, "at most 200 values"},
	{"unpack of endless", `return unpack({}, 1, 1e9)`, "at most 200 values"},
	{"byte of many", `return ("x"):rep(1e6):byte(1, -1)`, "at most 200 values"},
	{"comparison that lies", `local t = {} for i = 1, 60000 do t[i] = i end while true do table.sort(t, function() return true end) end`, "took longer than"},
	{"comparison that raises", `table.sort({ 1, "x", {} })`, "attempt to compare"},
	{"comparison that changes the list", `local t = { 3, 1, 2 } table.sort(t, function(a, b) t[1] = nil t[2] = nil return a < b end) while true do end`, "took longer than"},
	{"json nested deeply", `return json.decode(("["):rep(100000))`, "nested too deeply"},
	{"json of many values", `return json.decode("[" .. ("{},"):rep(300000) .. "1]")`, "more than 100000 values"},
	{"json of itself", `local t = {} t.t = t return json.encode(t)`, "nested too deeply, or contains itself"},
	{"json of shared parts", `local t = {} for i = 1, 60 do t = { t, t } end return json.encode(t)`, ""},
	{"copy of shared parts", `local t = {} for i = 1, 60 do t = { t, t } end return copy(t)`, ""},
	{"answer of shared parts", `local t = {} for i = 1, 60 do t = { t, t } end return t`, "nested too deeply"},
	{"regexp too large for its text", `return regexp.match(("a"):rep(1e6), "(a?){500}b")`, "too large for a text"},
	{"regexp with quadratic replace", `local s = ("a"):rep(100000) while true do regexp.replace(s, "(a*b)|a", "x") end`, "took longer than"},
	{"regexp that grows", `return regexp.replace(("a"):rep(10000), "a", ("b"):rep(1000))`, "more than 1 MiB"},
	{"split into many", `return split((","):rep(1e6), ",")`, "more than a list holds"},
	{"memo that grows", `for i = 1, 1e6 do pod.memo["k" .. i] = "0123456789" end`, "the memo would have"},
	{"memo nested deeply", `local t = {} for i = 1, 20 do t = { t = t } end pod.memo.t = t`, "nested too deeply"},
	{"log for ever", `while true do log.info(("x"):rep(1e6)) end`, "more than 64 MiB of strings"},
	{"quantity of many digits", `return cpu(("9"):rep(1e6))`, "must be a quantity"},
}

func TestBombsEndAsErrors(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(400 << 20))
	rt := newRuntime(t, script.Options{Log: func(script.LogLine) {}})
	for _, b := range bombs {
		t.Run(b.name, func(t *testing.T) {
			set := mustLoad(t, rt, "flaky.lua", "function on_start(pod)\n"+b.body+"\nend")
			limit := time.Minute // never met, also on a slow machine
			if strings.Contains(b.want, "took longer") {
				limit = 100 * time.Millisecond
			}
			_, err := call(t, set, script.Call{Limit: limit, Writable: true, World: world{}})
			if b.want != "" || err != nil {
				wantError(t, err, b.want)
				if e := scriptError(t, err); e.Script != "flaky.lua" {
					t.Errorf("script = %q", e.Script)
				}
			}
			quick := mustLoad(t, rt, "flaky.lua", `function on_start() return 7 end`)
			if got, err := call(t, quick, script.Call{}); err != nil || got != 7.0 {
				t.Errorf("after the bomb an innocent hook answers %v, %v", got, err)
			}
		})
	}
}

func TestLimitErrorsHaveTheirKindAndLine(t *testing.T) {
	for _, body := range []string{"local n = 0\nwhile true do n = n + 1 end", "\nreturn ('x'):rep(1e11)", "local s = 'x'\nwhile true do s = s .. s end"} {
		set := hook(t, body)
		_, err := call(t, set, script.Call{Limit: 50 * time.Millisecond})
		e := scriptError(t, err)
		if e.Kind != script.Limit || e.Line != 3 || e.Hook != "on_start" || e.Source == "" {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

func TestBombsAtLoadEndToo(t *testing.T) {
	rt := newRuntime(t, script.Options{LoadTime: 100 * time.Millisecond})
	for _, text := range []string{"while true do end", "local s = 'x' while true do s = s .. s end", "local t = {} while true do t = { t, {}, {} } end"} {
		set, problems := rt.Load(1, sources([]string{"a.lua", text}), env)
		if set != nil || len(problems) != 1 || problems[0].Kind != script.Limit {
			t.Errorf("%s: %v", text, problems)
		}
	}
}

// With time enough the memory is what ends a file that eats it: how long 64 MiB take is a matter of the machine (a third of a
// second with the race detector on a quiet one, more than the second that a load has on a busy one).
func TestAFileThatEatsMemoryIsRefusedForItsMemory(t *testing.T) {
	rt := newRuntime(t, script.Options{LoadTime: 20 * time.Second})
	set, problems := rt.Load(1, sources([]string{"a.lua", "local t = {} while true do t = { t, {}, {}, {} } end"}), env)
	if set != nil || len(problems) != 1 || problems[0].Kind != script.Limit || !strings.Contains(problems[0].Error(), "too much memory") {
		t.Errorf("%v", problems)
	}
}

func TestFourBombsAtOnceSpareInnocentHooks(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(600 << 20))
	rt := newRuntime(t, script.Options{})
	bad := mustLoad(t, rt,
		"a.lua", `function on_start() local t = {} while true do t = { t, {}, {} } end end`,
		"b.lua", `function on_start() local s = "x" while true do s = s .. s end end`,
		"c.lua", `function on_start() while true do end end`,
		"d.lua", `function on_start() local t, i = {}, 0 while true do i = i + 1 t[i .. "k"] = {} end end`)
	good := mustLoad(t, rt, "good.lua", `function on_start(pod) local n = 0 for i = 1, 100 do n = n + i end return n end`)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var innocent atomic.Int64
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := call(t, good, script.Call{File: good.File("good"), Limit: 5 * time.Second})
				if err != nil || got != 5050.0 {
					t.Errorf("innocent hook: %v, %v", got, err)
					return
				}
				innocent.Add(1)
			}
		})
	}
	var bombing sync.WaitGroup
	for _, f := range bad.Files() {
		bombing.Go(func() {
			for range 3 {
				if _, err := call(t, bad, script.Call{File: f, Limit: 200 * time.Millisecond}); err == nil {
					t.Errorf("%s was not ended", f.Name)
				}
			}
		})
	}
	bombing.Wait()
	close(stop)
	wg.Wait()
	if innocent.Load() == 0 {
		t.Error("no innocent hook ran beside the bombs")
	}
}

func TestOneScriptCannotHoldAllPlaces(t *testing.T) {
	rt := newRuntime(t, script.Options{Slots: 2, PerScript: 1})
	set := mustLoad(t, rt, "slow.lua", `function on_start() while true do end end`, "quick.lua", `function on_start() return 1 end`)
	running := make(chan struct{}, 3)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			running <- struct{}{}
			_, err := call(t, set, script.Call{File: set.File("slow"), Limit: 300 * time.Millisecond})
			if e := scriptError(t, err); e.Kind != script.Limit {
				t.Errorf("waiting counted toward the limit, or worse: %v", err)
			}
		})
	}
	<-running
	if got, err := call(t, set, script.Call{File: set.File("quick")}); err != nil || got != 1.0 {
		t.Errorf("the quick script answers %v, %v", got, err)
	}
	wg.Wait()
}

func TestWaitingForAPlaceEndsWithItsContext(t *testing.T) {
	rt := newRuntime(t, script.Options{Slots: 1})
	set := mustLoad(t, rt, "slow.lua", `function on_start() while true do end end`)
	entered := make(chan struct{})
	var wg sync.WaitGroup
	quick := mustLoad(t, rt, "flaky.lua", `function on_start() return 1 end`)
	wg.Go(func() {
		_ = quick.Call(context.Background(), &script.Call{File: quick.File("flaky"), Hook: "on_start", Limit: time.Minute}, func(script.Answer) error {
			close(entered)
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			err := set.Call(ctx, &script.Call{File: set.File("slow"), Hook: "on_start"}, nil)
			wantError(t, err, "wait for a place to run slow.lua", "context canceled")
			return nil
		})
	})
	<-entered
	wg.Wait()
	if got, err := call(t, quick, script.Call{}); err != nil || got != 1.0 {
		t.Errorf("the place was lost: %v, %v", got, err)
	}
}

func TestKilledStatesAreNotUsedAgain(t *testing.T) {
	set := hook(t, `if pod.metadata.name == "bad" then while true do end end return "fine"`)
	bad := testPod(t)
	bad.Object.Name = "bad"
	for range 5 {
		if _, err := call(t, set, script.Call{Args: []any{bad}, Limit: 20 * time.Millisecond}); err == nil {
			t.Fatal("not killed")
		}
		if got, err := call(t, set, script.Call{}); err != nil || got != "fine" {
			t.Fatalf("after a kill: %v, %v", got, err)
		}
	}
}

func TestTooLargeOrNestedFilesAreRefused(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	for name, text := range map[string]string{
		"too long":            strings.Repeat(" ", 1<<20+1),
		"brackets":            "x = " + strings.Repeat("(", 500000),
		"tables":              "x = " + strings.Repeat("{", 500000),
		"unary minus":         "x = " + strings.Repeat("- ", 300000) + "1",
		"not":                 "x = " + strings.Repeat("not ", 200000) + "1",
		"powers":              "x = 1" + strings.Repeat("^1", 300000),
		"sums":                "x = 1" + strings.Repeat("+1", 300000),
		"joins":               "x = 'a'" + strings.Repeat("..'a'", 100000),
		"fields":              "x = string" + strings.Repeat(".a", 300000),
		"calls":               "x = print" + strings.Repeat("()", 300000),
		"functions":           strings.Repeat("function f() ", 50000),
		"ifs":                 strings.Repeat("if x then ", 50000),
		"elseifs":             "local x if x then " + strings.Repeat("elseif x then ", 50000) + "end",
		"many constants":      "local t = {" + manyConstants() + "}",
		"call with many args": "print(1" + strings.Repeat(",1", 300) + ")",
	} {
		set, problems := rt.Load(1, sources([]string{"a.lua", text}), env)
		if set != nil || len(problems) == 0 {
			t.Errorf("%s: loaded", name)
		}
	}
}

func manyConstants() string {
	var b strings.Builder
	for i := range 90000 {
		b.WriteString("'")
		b.WriteString(strings.Repeat("x", i%7))
		b.WriteString(time.Duration(i).String())
		b.WriteString("',")
	}
	return b.String()
}
