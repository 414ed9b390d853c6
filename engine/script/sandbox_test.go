package script_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// The exact names a script can reach. A new one must be added here on purpose.
func TestGlobalsAreExactlyThese(t *testing.T) {
	want := strings.Fields(`assert at bytes calls chance cluster_nodes config contains copy cpu cut delay deployments drop duration during
		endpoints ends_with error every expect exponential flap garble getmetatable given hang in_cluster ipairs
		java_trace json klog latency log log_json logfmt lognormal loop_every loop_for math next nginx node nodes
		normal now pairs parallel param params pcall pick pods print regexp reject replace require rfc3339 scenario
		seconds select setmetatable since split starts_with string table tonumber tostring trim type uniform unpack
		wait writes xpcall`)
	slices.Sort(want)
	var got []string
	for _, e := range script.Library() {
		name, _, _ := strings.Cut(e.Name, ".")
		if !slices.Contains(got, name) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("globals (-want +got):\n%s", diff)
	}
	rt := newRuntime(t, script.Options{})
	for name := range strings.FieldsSeq(`_G _VERSION os io debug package coroutine channel dofile loadfile load loadstring
		collectgarbage newproxy getfenv setfenv rawget rawset rawequal module gcinfo _printregs _GOPHER_LUA_VERSION`) {
		if set, _ := rt.Load(1, sources([]string{"a.lua", "local x = " + name}), env); set != nil {
			t.Errorf("a script can reach %s", name)
		}
	}
	for _, name := range want {
		if name == "require" {
			continue // only called with a name in quotes
		}
		if _, problems := rt.Load(1, sources([]string{"a.lua", "local x = " + name}), env); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems[0])
		}
	}
}

func TestMembersOfStandardTablesAreExactlyThese(t *testing.T) {
	got := mustEval(t, `local out = {}
		for i, t in ipairs{ string, table, math, json, regexp, log } do
			local names = {}
			for k in pairs(t) do names[#names + 1] = k end
			table.sort(names)
			out[i] = table.concat(names, " ")
		end
		return out`)
	want := []any{
		"byte char dump find format gfind gmatch gsub len lower match rep reverse sub upper",
		"concat getn insert maxn remove setn sort",
		"abs acos asin atan atan2 ceil cos exp floor fmod huge log log10 max min modf pi pow random randomseed sin sqrt tan",
		"decode encode", "find match replace", "debug error info warn",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}

func TestRemovedFunctionsSayWhy(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`os.execute("rm -rf /")`, "os is not available: scripts cannot touch the machine"},
		{`pcall(os.execute, "x")`, "os is not available"},
		{`return io.open("/etc/passwd")`, "io is not available"},
		{`_G.x = 1`, "_G is not available"},
	} {
		set, problems := newRuntime(t, script.Options{}).Load(1, sources([]string{"a.lua", "function on_start()\n" + tt.body + "\nend"}), env)
		if set != nil || len(problems) != 1 || problems[0].Line != 2 {
			t.Fatalf("%s: loaded, or problems %v", tt.body, problems)
		}
		wantError(t, problems[0], tt.want)
	}
	for _, tt := range []struct{ body, want string }{
		{`return math.random(6)`, "math.random is not available: draws must be repeatable; use uniform(1, 6)"},
		{`math.randomseed(1)`, "math.randomseed is not available"},
		{`return string.dump(print)`, "string.dump is not available"},
		{`return table.getn({})`, "table.getn is not available: use #t"},
	} {
		_, err := eval(t, tt.body)
		wantError(t, err, "flaky.lua:2: on_start: "+tt.want)
	}
}

func TestMetatablesOfOthersAreOutOfReach(t *testing.T) {
	if got := mustEval(t, `return getmetatable("x") == nil and getmetatable(pod) == nil and getmetatable(string) == nil`); got != true {
		t.Error("a script got hold of a metatable that is not its own")
	}
	for _, tt := range []struct{ body, want string }{
		{`setmetatable("x", {})`, "must be a table of the script's own"},
		{`setmetatable(pod, {})`, "must be a table of the script's own"},
		{`setmetatable(string, {})`, "the table is constant"},
		{`local t = setmetatable({}, { __metatable = 1 }) setmetatable(t, {})`, "protected"},
		{`setmetatable({}, 1)`, "must be a table or nil"},
	} {
		_, err := eval(t, tt.body)
		wantError(t, err, tt.want)
	}
}

func TestLibraryTablesAreConstant(t *testing.T) {
	for _, body := range []string{`string.x = 1`, `math.pi = 3`, `json.encode = nil`, `log.info = print`, `table.insert(string, 1)`, `string["format"] = 1`} {
		_, err := eval(t, body)
		wantError(t, err, "constant")
	}
}

func TestClassesOfTheScriptsOwnWork(t *testing.T) {
	set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", `
local Point = {}
Point.__index = Point
Point.__add = function(a, b) return Point.new(a.x + b.x) end
Point.__tostring = function(p) return "P" .. p.x end
Point.__concat = function(a, b) return tostring(a) .. tostring(b) end
function Point.new(x) return setmetatable({ x = x }, Point) end
function Point:twice() return self.x * 2 end
local origin = Point.new(1)
function on_start()
  local p = Point.new(2) + origin
  p.x = p.x + 1
  return { p:twice(), tostring(p), origin:twice(), p .. "!", getmetatable(p) == Point }
end`)
	got, err := call(t, set, script.Call{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{8.0, "P4", 2.0, "P4!", true}, got); diff != "" {
		t.Error(diff)
	}
}
