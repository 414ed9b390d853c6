package scenario_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// place is a stage with two pods, whose time passes at once, and which writes down what is done to it.
type place struct {
	now    time.Time
	ready  func(time.Duration) int // how many pods are ready so long after the start
	orders []fault.Order
	params map[string]any
	reset  []string
	refuse error
	hold   chan struct{} // Wait does not end before its ctx, and says so here
}

func newPlace() *place {
	return &place{now: start, ready: func(time.Duration) int { return 2 }, params: map[string]any{}}
}

func (p *place) Now() time.Time          { return p.now }
func (p *place) Cluster() script.Cluster { return nil }
func (p *place) World() script.World     { return p }
func (p *place) Nodes() []*script.Node   { return nil }

func (p *place) Pods() []*script.Pod {
	ready := p.ready(p.now.Sub(start))
	var pods []*script.Pod
	for i := range 2 {
		object := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprint("web-", i)}}
		pods = append(pods, &script.Pod{Object: object, Ready: i < ready})
	}
	return pods
}

func (p *place) Wait(ctx context.Context, until time.Time) error {
	if p.hold != nil {
		close(p.hold)
		<-ctx.Done()
		return context.Cause(ctx)
	}
	p.now = until
	return ctx.Err()
}

func (p *place) Act(_ context.Context, o fault.Order) (fault.Result, error) {
	if p.refuse != nil {
		return fault.Result{}, p.refuse
	}
	p.orders = append(p.orders, o)
	r := fault.Result{ID: "f1", Hits: o.Select.Names}
	if o.Lasts > 0 {
		r.Until = p.now.Add(o.Lasts)
	}
	return r, nil
}

func (p *place) ResetFaults(ctx context.Context, run, by string) (ended []fault.Active, err error) {
	p.reset = append(p.reset, run+" by "+by)
	for i, o := range p.orders {
		ended = append(ended, fault.Active{ID: fmt.Sprint("f", i+1), Order: o, Hits: o.Select.Names})
	}
	return ended, ctx.Err()
}

func (p *place) OverrideParam(_ context.Context, _, _, param string, value any) error {
	if p.refuse != nil {
		return p.refuse
	}
	p.params[param] = value
	return nil
}

func (p *place) DropParams(context.Context, string, string) []string {
	dropped := slices.Sorted(maps.Keys(p.params))
	clear(p.params)
	return dropped
}

func load(tb testing.TB, text string, o scenario.Options) (*scenario.File, error) {
	tb.Helper()
	o.Runtime = script.NewRuntime(script.Options{})
	tb.Cleanup(o.Runtime.Close)
	return scenario.Load(script.Source{Name: "tale.lua", Text: []byte(text)}, o)
}

// play runs the body of a scenario and gives its verdict and the types of its events.
func play(ctx context.Context, tb testing.TB, p *place, body string) (api.ScenarioVerdict, string) {
	tb.Helper()
	f, err := load(tb, "scenario('tale', function()\n"+body+"\nend)", scenario.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	var types []string
	verdict, err := f.Run(ctx, "tale", scenario.Telling{
		Stage: p, Run: "tale-1", Seed: 7, By: "ada", Progress: func(e api.ScenarioEvent) { types = append(types, e.Type) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return verdict, strings.Join(types, " ")
}

func TestAVerdictTellsWhatWasDoneAndExpected(t *testing.T) {
	p := newPlace()
	v, types := play(t.Context(), t, p, `
		wait("10s")
		pods{}:unready("1m")
		calls{ calls = { "createPod" }, share = 0.5 }:error(503)
		param("flaky.rate", 0.9)
		print("on")
		expect("two are ready", function() return pods{}:ready() == 2, "found " .. pods{}:ready() end)`)
	if types != "began waits step step step said judged restored ended" {
		t.Errorf("events %s", types)
	}
	if !v.Passed || v.Took != 10 || v.Restored != 3 || v.Run != "tale-1" || v.Seed != 7 || v.File != "tale.lua" {
		t.Errorf("verdict %+v", v)
	}
	var did []string
	for _, s := range v.Steps {
		did = append(did, fmt.Sprintf("%v:%d %s %v", s.After, s.Line, s.What, s.Hits))
	}
	want := "10:4 pod unready for 1m0s [default/web-0 default/web-1]; 10:5 call error code=503 of createPod share=0.5 []; 10:6 param flaky.rate = 0.9 []"
	if got := strings.Join(did, "; "); got != want {
		t.Errorf("steps\n got %s\nwant %s", got, want)
	}
	undone := "pod unready for 1m0s of default/web-0, default/web-1 (fault f1); call error code=503 of createPod share=0.5 (fault f2); param flaky.rate"
	if got := strings.Join(v.Undone, "; "); got != undone {
		t.Errorf("undone\n got %s\nwant %s", got, undone)
	}
	if e := v.Expectations[0]; !e.Held || e.Found != "found 2" || e.Line != 8 || e.After != 10 || e.What != "two are ready" {
		t.Errorf("expectation %+v", e)
	}
	if o := p.orders[0]; o.Run != "tale-1" || o.By != "scenario tale (ada)" || o.Why != "tale.lua:4" {
		t.Errorf("order %+v", o)
	}
	if len(p.params) != 0 || fmt.Sprint(p.reset) != "[tale-1 by scenario tale (ada)]" {
		t.Errorf("not undone: %v, %v", p.params, p.reset)
	}
}

func TestExpectationsInTime(t *testing.T) {
	from := func(begin, end time.Duration) func(time.Duration) int {
		return func(d time.Duration) int {
			if d >= begin && d < end {
				return 2
			}
			return 0
		}
	}
	const never = 24 * time.Hour
	for name, c := range map[string]struct {
		when  string
		ready func(time.Duration) int
		held  bool
		took  float64
		found string
	}{
		"now":                              {"", from(0, never), true, 0, ""},
		"not now":                          {"", from(time.Second, never), false, 0, "it does not hold"},
		"in time":                          {`{ within = "1m" }`, from(20*time.Second, never), true, 20, ""},
		"at the last moment":               {`{ within = "1m" }`, from(time.Minute, never), true, 60, ""},
		"too late":                         {`{ within = "1m" }`, from(61*time.Second, never), false, 60, "did not begin to hold within 1m0s"},
		"for long enough":                  {`{ holds_for = "30s" }`, from(0, never), true, 30, ""},
		"not for long enough":              {`{ holds_for = "30s" }`, from(0, 29*time.Second), false, 29, "stopped after less than 30s"},
		"in time and then for long enough": {`{ within = "1m", holds_for = "30s" }`, from(50*time.Second, never), true, 80, ""},
		"begins anew": {`{ within = "1m", holds_for = "30s" }`, func(d time.Duration) int {
			return from(0, 10*time.Second)(d) + from(40*time.Second, never)(d)
		}, true, 70, ""},
		"fractions": {`{ within = 0.5, holds_for = 0.25 }`, from(500*time.Millisecond, never), true, 0.75, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace()
			p.ready = c.ready
			v, types := play(t.Context(), t, p, `local ok = expect("x", function() return pods{}:ready() == 2 end, `+cmp.Or(c.when, "{}")+`) print(ok)`)
			e := v.Expectations[0]
			if e.Held != c.held || e.Took != c.took || !strings.Contains(e.Found, c.found) || v.Passed != c.held {
				t.Errorf("%+v", e)
			}
			if waits := c.took > 0; waits != strings.Contains(types, "expects") || !strings.Contains(types, "judged said") {
				t.Errorf("events %s", types)
			}
		})
	}
}

// However a run ends, all that it did is undone.
func TestBrokenAndEndedRunsAreUndone(t *testing.T) {
	p := newPlace()
	v, _ := play(t.Context(), t, p, "param('flaky.rate', 1)\npods{}:unready()\nerror('no')")
	if v.Passed || v.Problem == nil || v.Problem.Line != 4 || v.Problem.Text != "no" || v.Problem.Source != "error('no')" || v.Restored != 2 || len(p.params) != 0 {
		t.Errorf("broken: %+v, %+v", v, v.Problem)
	}
	p = newPlace()
	p.hold = make(chan struct{})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-p.hold; cancel(errors.New("the client left")) }()
	v, types := play(ctx, t, p, "pods{}:unready()\nwait('1h')")
	if v.Passed || v.Ended != "the client left" || v.Restored != 1 || !strings.HasSuffix(types, "restored ended") {
		t.Errorf("ended: %+v, %s", v, types)
	}
}

func TestWhatTheProviderRefusesEndsTheRunWithItsLine(t *testing.T) {
	p := newPlace()
	p.refuse = fmt.Errorf("crash: %w", fault.ErrNoMatch)
	v, _ := play(t.Context(), t, p, "wait(1)\npods{}:crash()")
	if v.Problem == nil || v.Problem.Line != 3 || !strings.Contains(v.Problem.Text, "nothing matches") {
		t.Errorf("%+v", v.Problem)
	}
	v, _ = play(t.Context(), t, newPlace(), "pods{}:crash{ code = 300 }")
	if v.Problem == nil || !strings.Contains(v.Problem.Text, "code 300 is not from 1 to 255") {
		t.Errorf("%+v", v.Problem)
	}
}

func TestFilesThatCannotRun(t *testing.T) {
	for text, want := range map[string]string{
		"local x = 1":                                           "declare one with scenario",
		"scenario('a', function() wate(1) end)":                 "tale.lua:1: 'wate' is not defined",
		"scenario('a', function() end)\nfunction on_strt() end": "did you mean 'on_start'?",
	} {
		if _, err := load(t, text, scenario.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	f, err := load(t, "scenario('zone outage', function() end) function on_start() end", scenario.Options{})
	if err != nil || fmt.Sprint(f.Hooks()) != "[on_start]" {
		t.Fatal(f.Hooks(), err)
	}
	if _, err := f.Run(t.Context(), "zone outag", scenario.Telling{Stage: newPlace()}); !errors.Is(err, scenario.ErrNoScenario) || !strings.Contains(err.Error(), `did you mean "zone outage"?`) {
		t.Error(err)
	}
}

func TestFilesHaveParamsAndRequireOthers(t *testing.T) {
	const text = `param("n", 1) local lib = require "lib" scenario("tale", function() print(params.n + lib.two) end)`
	library := []script.Source{{Name: "lib.lua", Text: []byte("return { two = 2 }")}, {Name: "tale.lua", Text: []byte("error('the file itself, as it was')")}}
	f, err := load(t, text, scenario.Options{Library: library, Params: map[string]string{"n": "40"}})
	if err != nil {
		t.Fatal(err)
	}
	var said string
	if _, err := f.Run(t.Context(), "tale", scenario.Telling{Stage: newPlace(), Progress: func(e api.ScenarioEvent) { said += e.Text }}); err != nil || !strings.Contains(said, "42") {
		t.Errorf("said %q, %v", said, err)
	}
	for _, c := range []struct{ name, value, want string }{{"m", "1", "declares no param m"}, {"n", "x", `"x" is not a number`}} {
		if _, err := load(t, text, scenario.Options{Library: library, Params: map[string]string{c.name: c.value}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
	}
}

func TestTheatreRunsListsAndEnds(t *testing.T) {
	p := newPlace()
	p.hold = make(chan struct{})
	rt := script.NewRuntime(script.Options{})
	t.Cleanup(rt.Close)
	theatre := &scenario.Theatre{Stage: p, Runtime: rt, Seed: 3}
	var verdicts []api.ScenarioVerdict
	ended := make(chan error)
	go func() {
		ended <- theatre.Run(t.Context(), api.ScenarioRequest{File: "two.lua", Text: "scenario('a b', function() end) scenario('c', function() wait('1h') end)", By: "ada"}, func(e api.ScenarioEvent) {
			if e.Verdict != nil {
				verdicts = append(verdicts, *e.Verdict)
			}
		})
	}()
	<-p.hold
	runs := theatre.Runs()
	if len(runs) != 1 || runs[0].Run != "c-2" || runs[0].File != "two.lua" || runs[0].By != "ada" || !runs[0].Began.Equal(start) {
		t.Errorf("runs %+v", runs)
	}
	if _, err := theatre.End(t.Context(), api.ScenarioEnd{Run: "c-1", By: "bob"}); !errors.Is(err, scenario.ErrNoRun) || !strings.Contains(err.Error(), "c-2") {
		t.Error(err)
	}
	if over, err := theatre.End(t.Context(), api.ScenarioEnd{Run: "c-2", By: "bob"}); err != nil || len(over) != 1 || over[0].State != api.ScenarioEnding {
		t.Errorf("ended %+v, %v", over, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(verdicts) != 2 || !verdicts[0].Passed || verdicts[0].Run != "a-b-1" || verdicts[0].Seed != 3 || verdicts[1].Ended != "ended by bob" {
		t.Errorf("verdicts %+v", verdicts)
	}
	if left := theatre.Runs(); len(left) != 0 {
		t.Errorf("left %+v", left)
	}
	err := theatre.Run(t.Context(), api.ScenarioRequest{Text: "scenario('a', function() end)", Name: "b"}, nil)
	if !errors.Is(err, state.ErrNotFound) || !errors.Is(err, scenario.ErrNoScenario) {
		t.Error(err)
	}
}

// What a run does now is told to whoever asks, and what its end undid to whoever waits for it.
func TestTheatreTellsHowFarARunIs(t *testing.T) {
	p := newPlace()
	rt := script.NewRuntime(script.Options{})
	t.Cleanup(rt.Close)
	theatre := &scenario.Theatre{Stage: p, Runtime: rt}
	var seen []string
	look := func() string {
		r := theatre.Runs()[0]
		text := fmt.Sprintf("%s %d %d/%d", r.State, r.Steps, r.Held, r.Failed)
		if r.Until != nil {
			text += fmt.Sprintf(" :%d %q %v", r.Line, r.Expects, r.Until.Sub(start))
		}
		return text
	}
	err := theatre.Run(t.Context(), api.ScenarioRequest{Text: `scenario("a", function()
		wait("10s")
		pods{}:unready("1m")
		expect("never", function() return false end, { within = "2s" })
		expect("now", function() return true end)
		parallel(function() wait("1m") end, function() wait("5s") end)
		print("done")
	end)`}, func(e api.ScenarioEvent) { seen = append(seen, e.Type+" "+look()) })
	want := []string{
		"began running 0 0/0",
		`waits waiting 0 0/0 :2 "" 10s`,
		"step running 1 0/0",
		`expects waiting 1 0/0 :4 "never" 12s`,
		"judged running 1 0/1",
		"judged running 1 1/1",
		`waits waiting 1 1/1 :6 "" 1m12s`,
		`waits waiting 1 1/1 :6 "" 17s`,
		"said running 1 1/1",
		"restored ending 1 1/1",
		"ended ending 1 1/1",
	}
	if got := strings.Join(seen, "\n"); err != nil || got != strings.Join(want, "\n") {
		t.Errorf("%v, seen\n%s", err, got)
	}
}

func TestTheatreWaitsForAnEnd(t *testing.T) {
	p := newPlace()
	p.hold = make(chan struct{})
	rt := script.NewRuntime(script.Options{})
	t.Cleanup(rt.Close)
	theatre := &scenario.Theatre{Stage: p, Runtime: rt}
	ended := make(chan error)
	go func() {
		ended <- theatre.Run(t.Context(), api.ScenarioRequest{Text: "scenario('a', function() param('flaky.rate', 1) wait('1h') end)"}, nil)
	}()
	<-p.hold
	over, err := theatre.End(t.Context(), api.ScenarioEnd{Run: "a-1", Wait: true})
	if err != nil || len(over) != 1 || !slices.Equal(over[0].Undone, []string{"param flaky.rate"}) || len(theatre.Runs()) != 0 {
		t.Errorf("ended %+v, %v; left %+v", over, err, theatre.Runs())
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Hooks of a file serve only where it is among the scripts: who runs it elsewhere is told.
func TestTheatreTellsOfHooksThatDoNotServe(t *testing.T) {
	const text = "scenario('a', function() end) function on_start() end"
	for served, want := range map[string]bool{"": true, "x = 1": true, text: false} {
		rt := script.NewRuntime(script.Options{})
		t.Cleanup(rt.Close)
		library := func() []script.Source { return []script.Source{{Name: "a.lua", Text: []byte(served)}} }
		theatre := &scenario.Theatre{Stage: newPlace(), Runtime: rt, Library: library}
		said := ""
		err := theatre.Run(t.Context(), api.ScenarioRequest{File: "a.lua", Text: text}, func(e api.ScenarioEvent) {
			if e.Type == api.ScenarioSaid {
				said += e.Text
			}
		})
		if told := strings.Contains(said, "its hooks (on_start) do not serve"); err != nil || told != want {
			t.Errorf("served %q: said %q, %v", served, said, err)
		}
	}
}

// A file with hooks takes the place of the script of its name on a stage of its own; one without leaves it there.
func TestWhichScriptsServeOnAStage(t *testing.T) {
	library := []script.Source{{Name: "tale.lua", Text: []byte("x = 1")}, {Name: "web.lua"}}
	for text, want := range map[string]string{
		"scenario('a', function() end)":                         "tale.lua=x = 1 web.lua= ",
		"scenario('a', function() end) match = true":            "web.lua= tale.lua=scenario('a', function() end) match = true ",
		"scenario('a', function() end) function on_start() end": "web.lua= tale.lua=scenario('a', function() end) function on_start() end ",
	} {
		f, err := load(t, text, scenario.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, s := range f.Scripts(library) {
			got += s.Name + "=" + string(s.Text) + " "
		}
		if got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}
