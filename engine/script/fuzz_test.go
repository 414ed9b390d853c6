package script_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// Any text loads, or is refused with an error that names its file; what loads can be called.
func FuzzLoad(f *testing.F) {
	for _, b := range bombs {
		f.Add("function on_start(pod)\n" + b.body + "\nend")
	}
	for _, text := range []string{
		"", "match = true", longScript(), "#!lua\nreturn 1", "x = [==[", "return function(...) return ... end", "local t = {} t[#t+1] = 1 ::a:: ",
		"param('a', 1) function status() return params.a .. 'x' end", "a.b.c:d{}'x'[[y]]", "for i=1,2 do local function f() return i end end", "\x00\xff",
		"function on_start() repeat local x = 1 local f = function() return x end until x > 0 goto done ::done:: end",
	} {
		f.Add(text)
	}
	rt := newRuntime(f, script.Options{LoadTime: 50 * time.Millisecond})
	f.Fuzz(func(t *testing.T, text string) {
		set, problems := rt.Load(1, sources([]string{"flaky.lua", text}), env)
		for _, p := range problems {
			if p.Script != "flaky.lua" || p.Text == "" || p.Kind == "" || p.Line < 0 {
				t.Fatalf("unnamed problem %+v", p)
			}
		}
		if set == nil {
			if len(problems) == 0 {
				t.Fatal("refused without a problem")
			}
			return
		}
		for _, h := range hooks {
			if !set.File("flaky").Has(h.Name) {
				continue
			}
			_, err := call(t, set, script.Call{Hook: h.Name, Limit: 20 * time.Millisecond, World: world{}, Node: testNode, Writable: true})
			if err != nil && scriptError(t, err).Text == "" {
				t.Fatalf("unnamed error %+v", err)
			}
		}
	})
}

// Any text is a file of tests or is refused with an error that names it, and counting its lines changes neither.
func FuzzLoadTests(f *testing.F) {
	for _, text := range []string{
		"", `it("a", function() end)`, `describe("a", function() it("b", { nodes = { { count = 2 } } }, function() expect(1):is(1) end) end)`,
		`before_each(function() end) it("a", {}, nil)`, `it("a", function() end) it("a", function() end)`, `describe(1)`, `it(it)`, `require "x"`, `pod{}`,
		`for i = 1, 1e9 do it("a" .. i, function() end) end`, `describe("a", describe)`, `if x then elseif y then else end while x do break end`,
	} {
		f.Add(text)
	}
	for _, b := range bombs {
		f.Add(b.body)
	}
	plain := newRuntime(f, script.Options{LoadTime: 50 * time.Millisecond})
	counted := newRuntime(f, script.Options{LoadTime: 50 * time.Millisecond, Coverage: script.NewCoverage()})
	f.Fuzz(func(t *testing.T, text string) {
		source := script.Source{Name: "a_test.lua", Text: []byte(text)}
		set, problems := plain.LoadTests(source, nil, script.Env{})
		for _, p := range problems {
			if p.Script != source.Name || p.Text == "" || p.Line < 0 {
				t.Fatalf("unnamed problem %+v", p)
			}
		}
		if set == nil && len(problems) == 0 {
			t.Fatal("refused without a problem")
		}
		asScript := []script.Source{{Name: "a.lua", Text: []byte(text)}}
		_, one := plain.Load(1, asScript, env)
		_, other := counted.Load(1, asScript, env)
		if len(one) != len(other) && !limited(one) && !limited(other) {
			t.Fatalf("counting lines changes what is wrong:\n%v\n%v", one, other)
		}
	})
}

// limited says that a limit ended a load: how far it came then is luck.
func limited(problems []*script.Error) bool {
	return slices.ContainsFunc(problems, func(p *script.Error) bool { return p.Kind == script.Limit })
}

// A JSON tree that goes through Lua, as a view, as a copy and as text, comes back the same.
func FuzzRoundTrip(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5,"x",true,{"b":{}}],"":"é\u0000"}`, `[[1],[{"x":-0.1}]]`, `{"1":1,"x":{"2":2}}`, `"x"`, `1e300`, `[null]`} {
		f.Add([]byte(text))
	}
	set := hook(f, `return { view = pod, copied = copy(pod), decoded = json.decode(json.encode(pod)) }`)
	f.Fuzz(func(t *testing.T, text []byte) {
		var tree any
		if json.Unmarshal(text, &tree) != nil || depthOf(tree) > 50 {
			return
		}
		want := normal(tree)
		got, err := call(t, set, script.Call{Args: []any{want}})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		parts, _ := got.(map[string]any)
		for name, part := range parts {
			if diff := cmp.Diff(want, normal(part)); diff != "" {
				t.Fatalf("%s: %s: %s", text, name, diff)
			}
		}
	})
}

// normal drops what Lua cannot hold: nulls, and the difference between an empty list and an empty table.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if e = normal(e); e != nil {
				out[k] = e
			}
		}
		return out
	case []any:
		out := []any{}
		for _, e := range v {
			if e = normal(e); e != nil {
				out = append(out, e)
			}
		}
		if len(out) == 0 {
			return map[string]any{}
		}
		return out
	}
	return v
}

func depthOf(v any) int {
	d := 0
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			d = max(d, depthOf(e))
		}
	case []any:
		for _, e := range v {
			d = max(d, depthOf(e))
		}
	}
	return d + 1
}
