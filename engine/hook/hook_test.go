package hook_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// newHooks loads scripts, name → text, and fails the test where they do not load.
func newHooks(t *testing.T, limits hook.Limits, scripts map[string]string) *hook.Hooks {
	t.Helper()
	h := hook.New(hook.Options{Runtime: runtimeOf(t), Limits: func() hook.Limits { return limits }, Node: noNode})
	if _, problems := h.Load(t.Context(), sources(scripts)); len(problems) > 0 {
		t.Fatal(problems[0])
	}
	return h
}

func runtimeOf(t *testing.T) *script.Runtime {
	t.Helper()
	runtime := script.NewRuntime(script.Options{})
	t.Cleanup(runtime.Close)
	return runtime
}

func noNode(hook.NodeAsk) *script.Node {
	return &script.Node{Object: &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "moon"}}, Memo: &script.Memo{}}
}

func sources(scripts map[string]string) []script.Source {
	var out []script.Source
	for name, text := range scripts {
		out = append(out, script.Source{Name: name, Text: []byte(text)})
	}
	return out
}

// subject is a pod and its owner.
func subject(t *testing.T, h *hook.Hooks, name string) hook.Subject {
	t.Helper()
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx"}}
	one := &script.Pod{Object: p, Status: &v1.PodStatus{}, Memo: &script.Memo{}}
	gen := h.Current()
	owner, problem := h.Owner(t.Context(), gen, one)
	if problem != "" {
		t.Fatal(problem)
	}
	return hook.Subject{Gen: gen, Owner: owner, Pod: one, Incarnation: 1}
}

func startApp(t *testing.T, h *hook.Hooks, name string) (pod.Outcome, hook.Asked) {
	t.Helper()
	s := subject(t, h, name)
	return h.OnStart(t.Context(), s, pod.Question{Container: &s.Pod.Object.Spec.Containers[0], Kind: pod.App, Number: 1, At: start})
}

const loops = `
match = true
param("loop", false)
function on_start(pod, container, run)
  while params.loop and pod.metadata.name ~= "good" do end
  return { exit = 7 }
end`

// TestThreeKillsTripAHook holds the rule of three: a hook that is killed three times in a row for one pod is not asked
// again for it, nor, once three pods have tripped it, for any; the next generation starts anew.
func TestThreeKillsTripAHook(t *testing.T) {
	h := newHooks(t, hook.Limits{Create: 10 * time.Millisecond}, map[string]string{"a.lua": loops})
	if _, err := h.SetParam("a", "loop", true); err != nil {
		t.Fatal(err)
	}
	kills := func() int {
		n := 0
		for _, f := range h.Failures() {
			n += f.Count
		}
		return n
	}
	for n := range 5 {
		outcome, asked := startApp(t, h, "bad")
		if outcome.Exit != nil || !asked.Broken {
			t.Fatalf("ask %d: %+v %+v", n, outcome, asked)
		}
	}
	if got := kills(); got != 3 {
		t.Errorf("killed %d times, want 3 and then not asked", got)
	}
	if outcome, _ := startApp(t, h, "good"); outcome.Exit == nil {
		t.Error("a pod that never looped lost its hook")
	}
	for _, name := range []string{"bad-2", "bad-3"} {
		for range 3 {
			startApp(t, h, name)
		}
	}
	if got := kills(); got != 9 {
		t.Errorf("killed %d times, want 9", got)
	}
	if outcome, asked := startApp(t, h, "good"); outcome.Exit != nil || !asked.Broken {
		t.Error("three pods tripped the hook, and it is asked for others still")
	}
	if _, problems := h.Load(t.Context(), sources(map[string]string{"a.lua": loops + "\n-- saved again"})); len(problems) > 0 {
		t.Fatal(problems)
	}
	if outcome, _ := startApp(t, h, "good"); outcome.Exit == nil {
		t.Error("the next generation is tripped from the start")
	}
}

// TestALoadThatFailsChangesNothing holds the old generation against every kind of bad folder.
func TestALoadThatFailsChangesNothing(t *testing.T) {
	h := newHooks(t, hook.Limits{}, map[string]string{"a.lua": "match = true"})
	for name, c := range map[string]struct{ text, want string }{
		"syntax":                  {"function on_start(", "a.lua:1"},
		"a hook nobody has":       {"function on_begin(pod) end", "on_begin"},
		"a hook that is no hook":  {"on_start = 7", "on_start"},
		"broken on sample pods":   {"match = true function on_start(pod) return { exit = pod.spec.containers[9].name } end", "on_start"},
		"a wrong answer":          {"match = true function on_start(pod) return { redy = 1 } end", "did you mean 'ready'"},
		"a match that breaks":     {"match = function(pod) return pod.metadata.nme == 1 end", "name"},
		"a wrong node answer":     {`function capacity(node) return { cpu = "lots" } end`, "capacity"},
		"a wrong fault":           {`match = { calls = { "getPods" } } function on_request(call) return cut(2) end`, "cut"},
		"a log line of a table":   {`match = true function logs() return every("1s", function() return {} end) end`, "want a line of text"},
		"an interval of nothing":  {`match = true function logs() return every(0, function() return "" end) end`, "at least 1ms"},
		"a refusal nobody knows":  {`match = true function on_create() return "OutOfluck" end`, "admission refusal"},
		"a reject with no status": {`match = true function on_create() return reject(200, "ok") end`, "reject"},
	} {
		t.Run(name, func(t *testing.T) {
			gen, problems := h.Load(t.Context(), sources(map[string]string{"a.lua": c.text}))
			if gen != nil || len(problems) == 0 {
				t.Fatalf("loaded: %v", problems)
			}
			if got := fmt.Sprint(problems); !strings.Contains(got, c.want) {
				t.Errorf("problems are %s, want %q in them", got, c.want)
			}
			if h.Current().ID() != 1 || string(h.Current().File("a").Text) != "match = true" {
				t.Error("the old generation does not serve")
			}
		})
	}
}

func TestParamsKeepTheTypeOfTheirDefault(t *testing.T) {
	h := newHooks(t, hook.Limits{}, map[string]string{"a.lua": `param("n", 1) param("on", false) param("d", "1s") param("s", "x")`})
	for _, c := range []struct {
		name      string
		value     any
		want, err string
	}{
		{"n", "2.5", "2.5", ""},
		{"n", 3.0, "3", ""},
		{"n", "two", "", "want a number"},
		{"on", "true", "true", ""},
		{"on", 1.0, "", "want true or false"},
		{"d", "2m", "2m", ""},
		{"d", "soon", "", "want a duration"},
		{"s", "anything", "anything", ""},
		{"s", 1.0, "", "want text"},
		{"m", 1.0, "", "did you mean a.n"},
	} {
		t.Run(fmt.Sprint(c.name, "=", c.value), func(t *testing.T) {
			p, err := h.SetParam("a", c.name, c.value)
			switch {
			case c.err == "" && (err != nil || fmt.Sprint(p.Value) != c.want):
				t.Errorf("got %v, %v", p.Value, err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("got %v, want %q", err, c.err)
			}
		})
	}
}

func TestParamsByHandWinOverConfigAndConfigOverDefaults(t *testing.T) {
	h := newHooks(t, hook.Limits{}, map[string]string{"a.lua": `param("x", 1)`})
	value := func() any { return h.Params()[0].Value }
	problems := h.ConfigureParams(map[string]string{"a.x": "2", "a.y": "1", "b.x": "1"})
	if value() != 2.0 || len(problems) != 2 {
		t.Errorf("value %v, problems %v", value(), problems)
	}
	if _, err := h.SetParam("a", "x", 3.0); err != nil || value() != 3.0 {
		t.Errorf("value %v, %v", value(), err)
	}
	h.ConfigureParams(map[string]string{"a.x": "4"})
	if value() != 3.0 {
		t.Errorf("config changed what was set by hand to %v", value())
	}
	h.RestoreParams(nil)
	if value() != 4.0 {
		t.Errorf("value %v, want config's", value())
	}
}

func TestACallerThatLeavesIsNoFault(t *testing.T) {
	h := newHooks(t, hook.Limits{}, map[string]string{"a.lua": "match = true function on_create(pod) end"})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, asked := h.OnCreate(ctx, subject(t, h, "web"), 1, start)
	if len(h.Failures()) > 0 {
		t.Errorf("a script is blamed: %+v (%+v)", h.Failures(), asked)
	}
}

// TestTheTrialRemembers holds that a script which uses in one hook what another wrote into pod.memo loads.
func TestTheTrialRemembers(t *testing.T) {
	newHooks(t, hook.Limits{}, map[string]string{"a.lua": `
match = true
function on_create(pod) pod.memo.word = "hello" end
function on_start(pod, container, run) pod.memo.runs = #pod.memo.word end
function status(pod, status) return { message = pod.memo.word .. pod.memo.runs } end`})
}
