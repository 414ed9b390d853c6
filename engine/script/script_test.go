package script_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var hooks = []script.HookSig{
	{Name: "on_create"},
	{Name: "on_start"},
	{Name: "status"},
	{Name: "logs"},
	{Name: "on_request"},
	{Name: "capacity", Node: true},
	{Name: "heartbeat", Node: true},
}

var env = script.Env{Hooks: hooks, Config: map[string]any{"zone": "a", "nested": map[string]any{"x": 1.0}}}

// storyTime is when all test calls take place.
var storyTime = time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)

func newRuntime(tb testing.TB, o script.Options) *script.Runtime {
	tb.Helper()
	rt := script.NewRuntime(o)
	tb.Cleanup(rt.Close)
	return rt
}

func source(name, text string) script.Source { return script.Source{Name: name, Text: []byte(text)} }

// mustLoad loads files given as name, text, name, text, …
func mustLoad(tb testing.TB, rt *script.Runtime, files ...string) *script.Set {
	tb.Helper()
	set, problems := rt.Load(1, sources(files), env)
	for _, p := range problems {
		if !p.Warning {
			tb.Fatalf("load: %v\n%s", p, p.Source)
		}
	}
	return set
}

func sources(files []string) []script.Source {
	var out []script.Source
	for i := 0; i < len(files); i += 2 {
		out = append(out, source(files[i], files[i+1]))
	}
	return out
}

// hook makes a set of one file whose on_start has the given body.
func hook(tb testing.TB, body string) *script.Set {
	tb.Helper()
	return mustLoad(tb, newRuntime(tb, script.Options{}), "flaky.lua", "function on_start(pod, container, run)\n"+body+"\nend")
}

// call asks on_start of flaky.lua and gives the first value of the answer as a JSON tree.
func call(tb testing.TB, set *script.Set, c script.Call) (any, error) {
	tb.Helper()
	if c.File == nil {
		c.File = set.File("flaky")
	}
	if c.Hook == "" {
		c.Hook = "on_start"
	}
	if c.Now.IsZero() {
		c.Now = storyTime
	}
	if c.Limit == 0 {
		c.Limit = 5 * time.Second
	}
	if c.Args == nil {
		c.Args = []any{testPod(tb)}
	}
	var out any
	err := set.Call(context.Background(), &c, func(a script.Answer) (err error) {
		if len(a.Values) > 0 {
			out, err = a.Values[0].Any()
		}
		return err
	})
	return out, err
}

// eval runs the body of a hook.
func eval(tb testing.TB, body string) (any, error) {
	tb.Helper()
	return call(tb, hook(tb, body), script.Call{})
}

func mustEval(tb testing.TB, body string) any {
	tb.Helper()
	out, err := eval(tb, body)
	if err != nil {
		tb.Fatalf("%s\n%v", body, err)
	}
	return out
}

// scriptError unwraps an *Error or fails.
func scriptError(tb testing.TB, err error) *script.Error {
	tb.Helper()
	var e *script.Error
	if !errors.As(err, &e) {
		tb.Fatalf("error is %v (%T), want a *script.Error", err, err)
	}
	return e
}

func wantError(tb testing.TB, err error, parts ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			tb.Errorf("error %q lacks %q", err, p)
		}
	}
}

func testPod(tb testing.TB) *script.Pod {
	tb.Helper()
	text, err := os.ReadFile("testdata/pod.json")
	if err != nil {
		tb.Fatal(err)
	}
	p := &v1.Pod{}
	if err := json.Unmarshal(text, p); err != nil {
		tb.Fatal(err)
	}
	return &script.Pod{Object: p, Memo: &script.Memo{}}
}
