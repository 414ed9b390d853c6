package script_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func TestLoadReadsWhatAFileDeclares(t *testing.T) {
	set := mustLoad(t, newRuntime(t, script.Options{}),
		"flaky.lua", `-- pods that crash
match = { labels = { app = "web" }, namespaces = { "a", "b" }, name = "web-*", node = "moon-1", owner = "web", annotations = { x = "y" }, calls = { "createPod" } }
param("crash_rate", 0.2, "share that crash")
param("uptime", "30s")

param("on", true)
function on_start(pod) end
function on_request(call) end
local function helper() end`,
		"all.lua", `match = true`, "func.lua", "\nmatch = function(pod) return pod.metadata.name == 'x' end", "none.lua", `match = false`,
		"x_test.lua", "syntax error", "moonlet.d.lua", "syntax error", "notes.txt", "syntax error")
	names := []string{}
	for _, f := range set.Files() {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"all.lua", "flaky.lua", "func.lua", "none.lua"}, names); diff != "" {
		t.Errorf("files: %s", diff)
	}
	f := set.File("flaky")
	if f != set.File("flaky.lua") || set.File("nothing") != nil || set.ID() != 1 {
		t.Error("files are not found by name")
	}
	want := &script.Match{
		Namespaces: []string{"a", "b"}, Names: []string{"web-*"}, Nodes: []string{"moon-1"}, Owners: []string{"web"},
		Labels: map[string]string{"app": "web"}, Annotations: map[string]string{"x": "y"}, Calls: []string{"createPod"}, Line: 2,
	}
	if diff := cmp.Diff(want, f.Match); diff != "" {
		t.Errorf("match: %s", diff)
	}
	params := []script.Param{{"crash_rate", 0.2, "share that crash", 3}, {"uptime", "30s", "", 4}, {"on", true, "", 6}}
	if diff := cmp.Diff(params, f.Params); diff != "" {
		t.Errorf("params: %s", diff)
	}
	if !f.Has("on_start") || f.Line("on_start") != 7 || f.Has("helper") || f.Has("status") || f.Line("status") != 0 {
		t.Error("hooks are not told right")
	}
	if m := set.File("all").Match; m == nil || !m.All {
		t.Errorf("match = true: %+v", m)
	}
	if m := set.File("func").Match; m == nil || !m.Func || m.Line != 2 || set.File("func").Line("match") != 2 {
		t.Errorf("match function: %+v", m)
	}
	if set.File("none").Match != nil {
		t.Error("match = false matches")
	}
	got, err := call(t, set, script.Call{File: set.File("func"), Hook: "match"})
	if got != false || err != nil {
		t.Errorf("match function answers %v, %v", got, err)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"a syntax error", "local x = = 1", 1, "syntax error near '='"},
		{"a missing end", "function on_start()\n  if true then\n  return 1\nend\n\n", 4, "perhaps an 'end' is missing"},
		{"an unterminated string", "local a = 1\nlocal x = \"abc\nlocal y", 2, "unterminated string"},
		{"a break outside a loop", "local x\nbreak", 2, "no loop to break"},
		{"a goto nowhere", "function on_start()\ngoto out\nend", 0, "no visible label 'out'"},
		{"a hook that is no function", "\non_start = 5", 2, "on_start is a hook, so it must be a function, not a number"},
		{"a hook with a typo", "\nfunction on_startt() end", 2, "there is no hook 'on_startt', did you mean 'on_start'?"},
		{"a hook nobody knows", "function on_full_moon() end", 1, "there is no hook 'on_full_moon': the hooks are on_create"},
		{"an undefined global", "function on_start()\n  return chnace(0.5)\nend", 2, "'chnace' is not defined, did you mean 'chance'?"},
		{"an undefined global of the file", "limit = 5\nfunction on_start() return limti end", 2, "did you mean 'limit'?"},
		{"a global set in a function", "function on_start()\n  count = 1\nend", 2, "the global 'count' is assigned in a function"},
		{"a file's local set in a hook", "local n = 0\nfunction on_start()\n  n = n + 1\nend", 3, "'n' is assigned in a function"},
		{"a file's local set in a nested function", "local n = 0\nfunction on_start()\n  return function()\n n = n + 1 end\nend", 4, "'n' is assigned in a function"},
		{"a closure's variable", "local function counter()\n local n = 0\n return function()\n  n = n + 1 return n end\nend\nlocal c = counter()\nfunction on_start() return c() end", 4, "'n' is assigned in a function"},
		{"a closure in a table", "local n = 0\nt = { f = { function()\n n = 1 end } }", 3, "'n' is assigned in a function"},
		{"a closure behind a metatable", "local n = 0\nlocal o = setmetatable({}, { __index = function()\n n = 1 end })\nfunction on_start() return o.x end", 3, "'n' is assigned in a function"},
		{"an error while it runs", "\nlocal x = nil + 1", 2, "cannot perform add operation between nil and number"},
		{"chance at load", "\nlocal x = chance(0.5)", 2, "chance can only be used inside hooks"},
		{"now at load", "local x = now()", 1, "now() can only be used inside hooks"},
		{"pods at load", "local x = pods{}", 1, "pods{} can only be read inside hooks"},
		{"params at load", "param('a', 1)\nlocal x = params.a", 2, "params.a can only be read inside hooks"},
		{"node at load", "local x = node.metadata", 1, "node can only be read inside hooks"},
		{"a param twice", "param('a', 1)\nparam('a', 2)", 2, "param 'a' is declared twice, first in line 1"},
		{"a param of a table", "param('a', {})", 1, "the default must be a number, text, true or false"},
		{"a param with an odd name", "param('a-b', 1)", 1, "a param's name is letters"},
		{"a match of text", "match = 'web'", 1, "match is a string: it must be a table"},
		{"a match with a typo", "\nmatch = { lables = { app = 'web' } }", 2, "match: unknown field 'lables', did you mean 'labels'?"},
		{"a match of a wrong type", "match = { labels = { app = 1 } }", 1, "match.labels.app: must be text, not 1"},
		{"a match of an unknown call", "match = { calls = { 'createPods' } }", 1, "there is no provider call \"createPods\", did you mean 'createPod'?"},
		{"a match with a bad glob", "match = { name = '[a' }", 1, "is not a pattern"},
		{"on_request without calls", "match = true\nfunction on_request() end", 2, "on_request is never asked without the calls"},
		{"require of nothing", "local x = require 'lib.nothing'", 1, "the scripts folder has no such file"},
		{"require of a name that is computed", "local n = 'x'\nlocal x = require(n)", 2, "require must be called with the name in quotes"},
		{"require as a value", "local r = require", 1, "require must be called with the name in quotes"},
		{"a binary", "\x1bLua\x00\x01", 1, "Invalid token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, problems := newRuntime(t, script.Options{}).Load(1, sources([]string{"a.lua", tt.text}), env)
			if set != nil || len(problems) == 0 {
				t.Fatalf("loaded, want an error with %q", tt.want)
			}
			p := problems[0]
			if p.Script != "a.lua" || p.Kind != script.Compile || p.Line != tt.line && tt.line != 0 || p.Warning || !strings.Contains(p.Text, tt.want) {
				t.Errorf("got line %d: %+v\nwant line %d: %s", p.Line, p, tt.line, tt.want)
			}
			if p.Line > 0 && p.Source == "" {
				t.Error("the error lacks its source line")
			}
		})
	}
}

func TestLoadTimeHelpersMayCount(t *testing.T) {
	set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", `
local list, n = {}, 0
local function add(x) n = n + 1 list[n] = x end
add("a") add("b")
function on_start() local k = 0 local function up() k = k + 1 end up() up() return { #list, k, list[2] } end`)
	got, err := call(t, set, script.Call{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{2.0, 2.0, "b"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadReportsAllProblemsInOrder(t *testing.T) {
	_, problems := newRuntime(t, script.Options{}).Load(1, sources([]string{"b.lua", "local x =", "a.lua", "print(foo)\nprint(bar)"}), env)
	got := []string{}
	for _, p := range problems {
		got = append(got, fmt.Sprintf("%s:%d", p.Script, p.Line))
	}
	if diff := cmp.Diff([]string{"a.lua:1", "a.lua:2", "b.lua:1"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadWarns(t *testing.T) {
	set, problems := newRuntime(t, script.Options{}).Load(1, sources([]string{
		"a.lua", "function capacity() end\nfunction heartbeat() end", "b.lua", "\nfunction capacity() end", "c.lua", "function pick() end",
	}), env)
	if set == nil || len(problems) != 2 || !problems[0].Warning || !problems[1].Warning {
		t.Fatalf("problems: %v", problems)
	}
	if got := problems[0].Error(); got != "b.lua:2: capacity is also defined in a.lua, which answers: the first file in name order does" {
		t.Error(got)
	}
	wantError(t, problems[1], "c.lua:1: 'pick' is a name of the library")
}

func TestFileLevelValuesAreConstantOnceLoaded(t *testing.T) {
	const file = `
local limits = { web = 1, nested = { deep = { 1, 2, 3 } } }
list = { "a", "b" }
local class = setmetatable({}, { __index = function(t, k) t[k] = 1 return 1 end })
local cached = class.before
local maker = (function() local hidden = {} return function() return hidden end end)()
function on_start(pod, what)
  if what == "field" then limits.web = 2 end
  if what == "new field" then limits.db = 2 end
  if what == "deep" then limits.nested.deep[4] = 4 end
  if what == "insert" then table.insert(list, "c") end
  if what == "remove" then table.remove(list) end
  if what == "sort" then table.sort(list) end
  if what == "global" then list[1] = "z" end
  if what == "metatable" then return class.other end
  if what == "upvalue" then maker().x = 1 end
  if what == "iterator" then local f, s = pairs(limits) s.web = 7 end
  if what == "setmetatable" then setmetatable(limits, {}) end
  return { limits.web, #list, #limits.nested.deep, list[2], table.concat(list, "+"), cached, json.encode(limits), unpack(list) }
end`
	set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", file)
	for _, what := range []string{"field", "new field", "deep", "insert", "remove", "sort", "global", "metatable", "upvalue", "iterator", "setmetatable"} {
		_, err := call(t, set, script.Call{Args: []any{testPod(t), what}})
		wantError(t, err, "constant", "on_start")
		if e := scriptError(t, err); e.Line == 0 || e.Kind != script.Run {
			t.Errorf("%s: %+v", what, e)
		}
	}
	got, err := call(t, set, script.Call{Args: []any{testPod(t), "read"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{1.0, 2.0, 3.0, "b", "a+b", 1.0, `{"web":1,"nested":{"deep":[1,2,3]}}`, "a", "b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRequire(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	set := mustLoad(t, rt,
		"flaky.lua", "local a = require 'lib.a'\nlocal b = require \"b\"\nfunction on_start() return { a.double(4), b.name, a == require 'lib/a' } end",
		"lib/a.lua", "secret = 1\nreturn { double = function(x) return x * 2 end }",
		"b.lua", "name = 'b'\nlocal a = require 'lib.a'\nfunction other() return secret_of_b end\nsecret_of_b = a.double(1)")
	got, err := call(t, set, script.Call{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{8.0, "b", true}, got); diff != "" {
		t.Error(diff)
	}
	changed := mustLoad(t, rt, "flaky.lua", string(set.File("flaky").Text), "lib/a.lua", "return { double = function(x) return x + x end }", "b.lua", string(set.File("b").Text))
	if set.File("flaky").Hash == changed.File("flaky").Hash {
		t.Error("the hash does not cover what a file requires")
	}
	same := mustLoad(t, rt, "flaky.lua", string(set.File("flaky").Text), "lib/a.lua", string(set.File("lib/a.lua").Text), "b.lua", string(set.File("b").Text), "other.lua", "")
	if set.File("flaky").Hash != same.File("flaky").Hash {
		t.Error("the hash covers what a file does not require")
	}
	_, problems := rt.Load(1, sources([]string{"a.lua", "require 'b'", "b.lua", "\nrequire 'a'"}), env)
	if len(problems) == 0 {
		t.Fatal("a circle of requires loads")
	}
	wantError(t, problems[0], "in a circle")
	_, problems = rt.Load(1, sources([]string{"a.lua", "local b = require 'b'\nreturn b", "b.lua", "\nerror('broken')"}), env)
	if len(problems) == 0 {
		t.Fatal("a broken file is required without an error")
	}
	wantError(t, problems[len(problems)-1], "b.lua:2", "broken")
}

func TestLoadable(t *testing.T) {
	for name, want := range map[string]bool{
		"flaky.lua": true, "lib/x.lua": true, "x_test.lua": false, "lib/y_test.lua": false, "moonlet.d.lua": false,
		"x.txt": false, ".hidden.lua": false, "x.lua~": false, "": false,
	} {
		if got := script.Loadable(name); got != want {
			t.Errorf("Loadable(%q) = %v", name, got)
		}
	}
}

func TestOneMistakeDoesNotHideTheOthers(t *testing.T) {
	r := script.NewRuntime(script.Options{})
	defer r.Close()
	_, problems := r.Load(1, []script.Source{
		{Name: "a.lua", Text: []byte("function on_start(")},
		{Name: "b.lua", Text: []byte("match = { lables = {} }")},
		{Name: "c.lua", Text: []byte(`error("at load")`)},
		{Name: "d.lua", Text: []byte("on_start = 7")},
		{Name: "e.lua", Text: []byte("match = true")},
	}, script.Env{Hooks: []script.HookSig{{Name: "on_start"}}})
	var names []string
	for _, p := range problems {
		names = append(names, p.Script)
	}
	if got, want := strings.Join(names, " "), "a.lua b.lua c.lua d.lua"; got != want {
		t.Errorf("problems in %s, want %s: %v", got, want, problems)
	}
}
