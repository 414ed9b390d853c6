package script_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// fakeStage is a stage whose time passes at once. It writes down what happens to it.
type fakeStage struct {
	now     time.Time
	world   script.World
	cluster script.Cluster
	log     []string
	block   bool // Wait does not end before its ctx
	waiting chan struct{}
	actErr  error
}

func (s *fakeStage) note(format string, args ...any) {
	s.log = append(s.log, fmt.Sprintf("%v ", s.now.Sub(storyTime))+fmt.Sprintf(format, args...))
}

func (s *fakeStage) Now() time.Time { return s.now }

func (s *fakeStage) Wait(ctx context.Context, until time.Time) error {
	if s.block {
		close(s.waiting)
		<-ctx.Done()
		return context.Cause(ctx)
	}
	s.now = until
	return ctx.Err()
}

func (s *fakeStage) World() script.World     { return s.world }
func (s *fakeStage) Cluster() script.Cluster { return s.cluster }

func (s *fakeStage) Act(_ context.Context, o fault.Order, line int) ([]string, error) {
	s.note("%s:%s %v %s args=%v lasts=%v why=%q empty=%v share=%v line=%d", o.On, o.Verb, o.Select.Names, o.Select.Labels, o.Args, o.Lasts, o.Why, o.AllowEmpty, o.Select.Share, line)
	return o.Select.Names, s.actErr
}

func (s *fakeStage) SetParam(_ context.Context, name string, value any, line int) error {
	s.note("param %s=%v line=%d", name, value, line)
	return s.actErr
}

func (s *fakeStage) Expect(e script.Expectation, p script.Probe) bool {
	yes, found := p.Holds()
	p.Wait(time.Second)
	s.note("expect %q %v %q within=%v holds=%v line=%d", e.What, yes, found, e.Within, e.HoldsFor, e.Line)
	return yes
}

func (s *fakeStage) Say(line int, text string)   { s.note("say %s line=%d", text, line) }
func (s *fakeStage) Waits(line int, u time.Time) { s.note("waits %v line=%d", u.Sub(s.now), line) }
func (s *fakeStage) Pods() []*script.Pod         { return nil }
func (s *fakeStage) Nodes() []*script.Node       { return nil }
func newStage() *fakeStage {
	return &fakeStage{now: storyTime, world: world{}, waiting: make(chan struct{})}
}
func story(body string) string    { return "scenario(\"s\", function()\n" + body + "\nend)" }
func (s *fakeStage) text() string { return strings.Join(s.log, "\n") }

// tell runs the body of a scenario on a stage.
func tell(tb testing.TB, stage *fakeStage, body string) error {
	tb.Helper()
	set := mustLoad(tb, newRuntime(tb, script.Options{}), "tale.lua", story(body))
	return set.Tell(tb.Context(), &script.Story{File: set.File("tale"), Name: "s", Stage: stage, Limit: 5 * time.Second})
}

func TestScenariosWaitEverywhere(t *testing.T) {
	for name, body := range map[string]string{
		"plainly":                   `wait("10s")`,
		"a number":                  `wait(10)`,
		"inside pcall":              `assert(pcall(function() wait("10s") end))`,
		"inside xpcall":             `assert(xpcall(function() wait("10s") end, tostring))`,
		"inside sort":               `local n = 0 table.sort({ 3, 1, 2 }, function(a, b) if n == 0 then wait("10s") end n = n + 1 return a < b end)`,
		"inside an iterator":        `local function iter(_, i) if i < 2 then wait("5s") return i + 1 end end for i in iter, nil, 0 do end`,
		"inside gsub":               `(("a"):gsub("a", function() wait("10s") return "b" end))`,
		"in a metamethod":           `local t = setmetatable({}, { __index = function() wait("10s") return 1 end }) assert(t.x == 1)`,
		"at an offset":              `wait("4s") at("10s") at("3s")`,
		"at a time of day":          `at("08:00:10") at("08:00:10")`,
		"in a loop":                 `loop_every("5s", function(turn) return turn < 3 end)`,
		"for a while":               `local n = 0 loop_for("10s", "3s", function() n = n + 1 end) assert(n == 4, n)`,
		"side by side":              `parallel(function() wait("3s") end, function() wait("10s") end, function() end)`,
		"in a deep branch":          `parallel(function() parallel(function() wait("10s") end) end, function() wait("1s") end)`,
		"after branches that broke": `pcall(parallel, function() error("no") end) parallel(function() wait("10s") end)`,
		"after two that broke":      `pcall(parallel, function() error("no") end) pcall(parallel, function() error("no") end, function() wait("1h") end) wait("10s")`,
	} {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(body, "((") {
				body = "local _ = " + body
			}
			stage := newStage()
			if err := tell(t, stage, body); err != nil {
				t.Fatal(err)
			}
			if took := stage.now.Sub(storyTime); took != 10*time.Second {
				t.Errorf("the story took %v", took)
			}
		})
	}
}

// Branches take turns by time, then by birth: the same order each time.
func TestBranchesInterleaveByTime(t *testing.T) {
	stage := newStage()
	err := tell(t, stage, `
		local seen = {}
		local function branch(name, every)
			return function() for i = 1, 3 do wait(every) print(name, i, now() - `+fmt.Sprint(storyTime.Unix())+`) seen[#seen + 1] = name end end
		end
		parallel(branch("a", 2), branch("b", 3), branch("c", 2))
		print(table.concat(seen, " "))`)
	if err != nil {
		t.Fatal(err)
	}
	if said := stage.log[len(stage.log)-1]; said != "9s say a c b a c a b c b line=8" {
		t.Errorf("said %q\n%s", said, stage.text())
	}
}

func TestDrawsOfBranchesDoNotDependOnEachOther(t *testing.T) {
	draw := func(first string) string {
		stage := newStage()
		if err := tell(t, stage, `local x parallel(function() `+first+` end, function() x = uniform(0, 1) end) print(x)`); err != nil {
			t.Fatal(err)
		}
		return stage.log[len(stage.log)-1]
	}
	if a, b := draw(``), draw(`uniform(0, 1) uniform(0, 1)`); a != b {
		t.Errorf("%s, then %s", a, b)
	}
}

// Whatever a scenario does, it ends, and says why and where.
func TestBrokenScenariosEnd(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"an error":                    {"wait(1)\nerror('no')", `tale.lua:3: scenario "s": no`},
		"in a branch":                 {"parallel(function() wait(9) end,\nfunction() wait(1) error('no') end)", `tale.lua:3: scenario "s": no`},
		"in a branch of a branch":     {"parallel(function() parallel(function()\nerror('no') end, function() wait('1h') end) end, function() wait('1h') end)", `tale.lua:3: scenario "s": no`},
		"a busy loop":                 {"wait(1)\nwhile true do end", "took longer than"},
		"a busy loop under pcall":     {"while true do pcall(function() while true do end end) end", "took longer than"},
		"a busy branch under pcall":   {"pcall(parallel, function() wait(1) while true do end end, function() wait('1h') end) print('on')", "took longer than"},
		"waiting for nothing":         {"while true do wait(0) end", "without time passing"},
		"waiting for nothing, caught": {"while true do pcall(wait, 0) end", "without time passing"},
		"too many branches":           {"local function f() parallel(f, f) end f()", "at most 256 branches"},
		"endless strings":             {`local s = "x" while true do s = s .. s end`, "more than 1 MiB"},
		"no duration":                 {`wait("soon")`, `"soon" is not a duration`},
		"no function":                 {`parallel(1)`, "function expected"},
		"no comparison":               {`expect("x", function() return 2 end)`, "return a comparison"},
		"an unknown option":           {`expect("x", function() return true end, { withn = 1 })`, "did you mean 'within'?"},
		"an error in an expectation":  {"expect('x', function()\nerror('no') end)", `tale.lua:3: scenario "s": no`},
		"an unknown verb":             {`pods{}:crush()`, "did you mean 'crash'?"},
		"a verb without its argument": {`pods{}:exit({ cod = 1 })`, "there is no cod, did you mean 'code'?"},
		"too many arguments":          {`pods{}:crash(1, "app", 3)`, "too many arguments: it takes code, container"},
		"a verb of others":            {`pods{}.crash(nodes{})`, "call it with a colon on pods{}"},
		"an unknown call":             {`calls{ cals = {} }`, "did you mean 'calls'?"},
		"a bad share":                 {`calls{ share = 2 }`, "from 0 to 1"},
		"no cluster":                  {`deployments{}`, "run the scenario in moonlet kubelet"},
		"a param without its script":  {`param("rate", 1)`, `param("flaky.crash_rate", 0.9)`},
		"a param that is a table":     {`param("flaky.rate", {})`, "must be a number, text, true or false"},
		"a scenario in a scenario":    {`scenario("x", function() end)`, "at the top of the file"},
		"memory of a pod":             {`wait(1) pods{}[1] = 2`, "read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			set := mustLoad(t, newRuntime(t, script.Options{}), "tale.lua", story(c.body))
			limit := 5 * time.Second
			if strings.Contains(name, "busy") {
				limit = 50 * time.Millisecond
			}
			err := set.Tell(t.Context(), &script.Story{File: set.File("tale"), Name: "s", Stage: newStage(), Limit: limit})
			wantError(t, err, c.want)
			if e := scriptError(t, err); e.Line == 0 {
				t.Errorf("no line: %+v", e)
			}
		})
	}
}

func TestErrorsOfBranchesCanBeCaught(t *testing.T) {
	stage := newStage()
	err := tell(t, stage, `local ok, why = pcall(parallel, function() wait(1) error("no") end, function() wait("1h") end) print(ok, why) wait(1)`)
	if err != nil || stage.log[1] != "1s say false tale.lua:2: no line=2" && stage.log[2] != "1s say false tale.lua:2: no line=2" {
		t.Errorf("%v\n%s", err, stage.text())
	}
}

func TestScenariosEndWithTheirContext(t *testing.T) {
	stage := newStage()
	stage.block = true
	set := mustLoad(t, newRuntime(t, script.Options{}), "tale.lua",
		story(`while true do pcall(parallel, function() while true do pcall(wait, "1h") end end, function() wait("2h") end) end`))
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the client left")
	go func() { <-stage.waiting; cancel(gone) }()
	err := set.Tell(ctx, &script.Story{File: set.File("tale"), Name: "s", Stage: stage})
	if !errors.Is(err, gone) {
		t.Errorf("ended with %v", err)
	}
}

func TestBusyScenariosEndWithTheirContext(t *testing.T) {
	set := mustLoad(t, newRuntime(t, script.Options{}), "tale.lua", story(`print("on") while true do end`))
	ctx, cancel := context.WithCancel(t.Context())
	stage := cancelStage{newStage(), cancel}
	if err := set.Tell(ctx, &script.Story{File: set.File("tale"), Name: "s", Stage: stage, Limit: time.Minute}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// cancelStage ends the story as soon as it says something.
type cancelStage struct {
	*fakeStage
	cancel func()
}

func (s cancelStage) Say(int, string) { s.cancel() }

func TestVerbsBecomeOrders(t *testing.T) {
	pods := []*script.Pod{pod("default", "web-0"), pod("shop", "web-1")}
	for body, want := range map[string]string{
		`pods{}:crash(1)`:                                    `pod:crash [default/web-0 shop/web-1]  args=map[code:1] lasts=0s why="" empty=false share=0 line=2`,
		`pods{ namespace = "shop" }:crash()`:                 `pod:crash [shop/web-1]  args=map[] lasts=0s why="" empty=false share=0 line=2`,
		`pods{ name = "x" }:oom{ allow_empty = true }`:       `pod:oom []  args=map[] lasts=0s why="" empty=true share=0 line=2`,
		`pods{}:unready("1m")`:                               `pod:unready [default/web-0 shop/web-1]  args=map[] lasts=1m0s why="" empty=false share=0 line=2`,
		`pods{}:crash{ code = 3, why = "to see" }`:           `pod:crash [default/web-0 shop/web-1]  args=map[code:3] lasts=0s why="to see" empty=false share=0 line=2`,
		`pods{}:filter(function(p) return false end):oom{}`:  `pod:oom []  args=map[] lasts=0s why="" empty=false share=0 line=2`,
		`nodes{}:pressure("disk", "5m", { why = "x" })`:      `node:pressure [moon-1]  args=map[kind:disk] lasts=5m0s why="x" empty=false share=0 line=2`,
		`nodes{}:capacity({ cpu = "2" }, 60)`:                `node:capacity [moon-1]  args=map[resources:map[cpu:2]] lasts=1m0s why="" empty=false share=0 line=2`,
		`calls{ calls = "getPods", share = "30%" }:drop()`:   `call:drop []  args=map[] lasts=0s why="" empty=false share=0.3 line=2`,
		`writes{ labels = { b = "1", a = "2" } }:late("9s")`: `write:late [] a=2,b=1 args=map[time:9s] lasts=0s why="" empty=false share=0 line=2`,
		`param("flaky.rate", 0.5)`:                           `param flaky.rate=0.5 line=2`,
	} {
		stage := newStage()
		stage.world = world{pods: pods, nodes: []*script.Node{testNode()}}
		if err := tell(t, stage, body); err != nil {
			t.Errorf("%s: %v", body, err)
		} else if stage.text() != "0s "+want {
			t.Errorf("%s\n got %s\nwant 0s %s", body, stage.text(), want)
		}
	}
}

func pod(namespace, name string) *script.Pod {
	return &script.Pod{Object: &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}}
}

func TestWhatAStageRefusesIsRaisedWithItsLine(t *testing.T) {
	stage := newStage()
	stage.world = world{pods: []*script.Pod{pod("default", "web-0")}}
	stage.actErr = errors.New("the blast radius is too large")
	wantError(t, tell(t, stage, "wait(1)\npods{}:crash()"), `tale.lua:3: scenario "s": pods{}:crash(): the blast radius is too large`)
	if err := tell(t, stage, `assert(not pcall(function() pods{}:crash() end))`); err != nil {
		t.Error(err)
	}
}

// A story sees the world as it is each time it looks, not as it was when it began.
func TestStoriesLookAnew(t *testing.T) {
	asked := 0
	stage := newStage()
	stage.world = world{asked: &asked}
	if err := tell(t, stage, `pods{} pods{} wait(1) pods{} pods{}:crash{ allow_empty = true } pods{}`); err != nil || asked != 3 {
		t.Errorf("looked %d times, %v", asked, err)
	}
}

func TestSamplesOfNonEmptyListsHaveOneAtLeast(t *testing.T) {
	stage := newStage()
	var pods []*script.Pod
	for i := range 10 {
		pods = append(pods, pod("default", fmt.Sprint("web-", i)))
	}
	stage.world = world{pods: pods}
	err := tell(t, stage, `
		for i = 1, 50 do assert(pods{}:sample(0.01):count() >= 1) end
		assert(pods{}:sample(0):count() == 0 and pods{}:sample(1):count() == 10)
		assert(pods{}:pick():count() == 1 and pods{}:pick(3):count() == 3 and pods{}:pick(30):count() == 10 and pods{}:pick(0):count() == 0)
		assert(pods{ name = "x" }:pick(2):count() == 0 and not pcall(function() pods{}:pick(1.5) end))
		assert(pods{ name = "x" }:sample(0.5):count() == 0)
		assert(not pcall(function() pods{}:sample(1.5) end))`)
	if err != nil {
		t.Error(err)
	}
}

func TestHooksNeitherWaitNorAct(t *testing.T) {
	for body, want := range map[string]string{
		`wait(1)`: "a hook answers at once, and never acts", `pods{}:crash()`: "hooks only answer: verbs are for scenarios",
		`parallel(function() end)`: "works inside a scenario only", `expect("x", function() end)`: "works inside a scenario only",
		`calls{}`: "works inside a scenario only", `deployments{}`: "works inside a scenario only", `in_cluster()`: "works inside a scenario only",
		`scenario("x", function() end)`: "at the top of the file", `given{}`: "at the top of the file",
	} {
		_, err := call(t, hook(t, body), script.Call{World: world{}})
		wantError(t, err, want)
	}
}

func TestWhatFilesDeclareOfScenarios(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	set := mustLoad(t, rt, "tale.lua", `
given{ nodes = { { name = "n", count = 3, zones = { "a", "b" }, capacity = { cpu = "2" } } }, pods = { { name = "web", count = 2, labels = { app = "web" } } } }
scenario("one", function() end)
scenario("two", function() end)`)
	f := set.File("tale")
	if fmt.Sprint(f.Scenarios) != "[{one 3} {two 4}]" {
		t.Errorf("scenarios %v", f.Scenarios)
	}
	if g := f.Given; g == nil || g.Line != 2 || g.Nodes[0].Count != 3 || g.Nodes[0].Zones[1] != "b" || g.Pods[0].Labels["app"] != "web" {
		t.Errorf("given %+v", f.Given)
	}
	for text, want := range map[string]string{
		"scenario('x', function() end)\nscenario('x', function() end)": "tale.lua:2: scenario \"x\" is declared twice, first in line 1",
		"scenario('', function() end)":                                 "1 to 100 bytes",
		"local n = 0\nscenario('x', function() n = 1 end)":             "'n' is assigned in a function",
		"given{ pod = {} }":                                            "did you mean 'pods'?",
		"given{ pods = { {} } }":                                       "each needs a name",
		"given{}\ngiven{}":                                             "tale.lua:2: given is said twice",
		"wait(1)":                                                      "works inside a scenario",
	} {
		_, problems := rt.Load(2, []script.Source{source("tale.lua", text)}, env)
		if len(problems) == 0 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%s: %v", text, problems)
		}
	}
	wantError(t, set.Tell(t.Context(), &script.Story{File: f, Name: "on", Stage: newStage()}), `no scenario "on", did you mean 'one'?`)
}

// fakeCluster has one of each.
type fakeCluster struct{ err error }

func (c fakeCluster) Deployments(context.Context) ([]*appsv1.Deployment, error) {
	return []*appsv1.Deployment{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Labels: map[string]string{"app": "web"}},
		Status:     appsv1.DeploymentStatus{Replicas: 4, AvailableReplicas: 2, ReadyReplicas: 3, UpdatedReplicas: 1},
	}}, c.err
}

func (c fakeCluster) EndpointSlices(context.Context) ([]*discoveryv1.EndpointSlice, error) {
	yes, no := true, false
	return []*discoveryv1.EndpointSlice{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-x7", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}},
		Endpoints:  []discoveryv1.Endpoint{{Conditions: discoveryv1.EndpointConditions{Ready: &yes}}, {Conditions: discoveryv1.EndpointConditions{Ready: &no}}, {}},
	}}, c.err
}

func (c fakeCluster) Nodes(context.Context) ([]*v1.Node, error) {
	return []*v1.Node{testNode().Object, {ObjectMeta: metav1.ObjectMeta{Name: "other"}}}, c.err
}

func TestStoriesLookAtTheCluster(t *testing.T) {
	stage := newStage()
	stage.cluster = fakeCluster{}
	err := tell(t, stage, `
		local d = deployments{ name = "web" }
		assert(in_cluster() and d:available() == 2 and d:ready() == 3 and d:updated() == 1 and d:replicas() == 4 and d:count() == 1)
		assert(d[1].metadata.namespace == "shop" and d:names()[1] == "web" and #d == 1 and d[2] == nil)
		assert(deployments{ namespace = "x" }:count() == 0 and deployments{ labels = { app = "x" } }:count() == 0)
		assert(endpoints{ name = "we*" }:ready() == 2 and endpoints{}:addresses() == 3 and endpoints{ name = "web-x7" }:count() == 0)
		assert(cluster_nodes{}:count() == 2 and cluster_nodes{}:ready() == 1)
		assert(not pcall(function() return d.avialable end))`)
	if err != nil {
		t.Error(err)
	}
	stage.cluster = fakeCluster{errors.New("forbidden: give it the right to list deployments")}
	wantError(t, tell(t, stage, `deployments{}`), "tale.lua:2", "deployments{}: forbidden")
}
