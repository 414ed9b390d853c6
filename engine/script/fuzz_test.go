package script_test

import (
	"encoding/json"
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
