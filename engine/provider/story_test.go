package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
)

// param is the value of calm.after now.
func param(e *enginetest.Engine) any {
	for _, p := range e.Params() {
		if p.Name == "after" {
			return p.Value
		}
	}
	return nil
}

func TestAScenarioTurnsParamsUntilItEnds(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"default.lua": `param("after", "1h") function on_start() return { exit = 1, after = params.after } end`}})
	e.Do("POST", "/createPod", `{"metadata":{"namespace":"default","name":"a"},"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}`)
	e.Pass(time.Minute)
	ctx := t.Context()
	if _, err := e.SetParam(ctx, "default", "after", "2h"); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		e.OverrideParam(ctx, "one", "scenario one", "default.after", "3h"),
		e.OverrideParam(ctx, "two", "scenario two", "default.after", "5m"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if param(e) != "5m" {
		t.Errorf("of two scenarios the last wins: %v", param(e))
	}
	if err := e.OverrideParam(ctx, "two", "scenario two", "default.aftre", "5m"); err == nil || !strings.Contains(err.Error(), "did you mean default.after?") {
		t.Error(err)
	}
	if dropped := e.DropParams(ctx, "two", "scenario two"); len(dropped) != 1 || param(e) != "3h" {
		t.Errorf("gave back %v, now %v", dropped, param(e))
	}
	if dropped := e.DropParams(ctx, "one", "scenario one"); len(dropped) != 1 || param(e) != "2h" {
		t.Errorf("gave back %v, now %v", dropped, param(e))
	}
	if dropped := e.DropParams(ctx, "one", "scenario one"); len(dropped) != 0 {
		t.Errorf("gave back %v again", dropped)
	}
	journal := e.JournalText("default", "a")
	for _, want := range []string{"default.after", "scenario one", "scenario two", "as before"} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal lacks %q:\n%s", want, journal)
		}
	}
	e.Pass(119 * time.Minute)
	if phase := e.Pods(api.PodFilter{})[0].Phase; phase != "Failed" {
		t.Errorf("after what was set by hand: %s\n%s", phase, e.JournalText("default", "a"))
	}
}

// The world of a scenario is that of now, where hooks on a held clock see the moment before.
func TestAScenarioSeesThePresent(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{})
	before := e.World()
	e.Do("POST", "/createPod", `{"metadata":{"namespace":"default","name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}`)
	if n, m := len(before.Pods()), len(e.World().Pods()); n != 0 || m != 1 {
		t.Errorf("%d pods before, %d now", n, m)
	}
}
