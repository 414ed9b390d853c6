package script_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func TestErrorsSayWhere(t *testing.T) {
	set := mustLoad(t, newRuntime(t, script.Options{}),
		"flaky.lua", "local lib = require 'lib.deep'\n\nfunction on_start(pod)\n  local n = 1\n  return lib.dig(pod)\nend\n\nfunction status(pod)\n  local x = pod.metadata.name ..\n    pod.metadata.deletionTimestamp\nend\n",
		"lib/deep.lua", "local function inner(pod)\n  local v = pod.spec.nothing\n  return v\nend\nreturn { dig = function(pod)\n  local r = inner(pod)\n  return r\nend }")
	_, err := call(t, set, script.Call{})
	e := scriptError(t, err)
	if e.Script != "lib/deep.lua" || e.Line != 2 || e.Hook != "on_start" || e.Kind != script.Run || e.Source != "local v = pod.spec.nothing" {
		t.Errorf("%+v", e)
	}
	if got := err.Error(); !strings.HasPrefix(got, "lib/deep.lua:2: on_start: PodSpec has no field 'nothing'") {
		t.Error(got)
	}
	for _, want := range []string{"lib/deep.lua:2: in function 'inner'", "lib/deep.lua:6:"} {
		if !strings.Contains(e.Trace, want) {
			t.Errorf("trace lacks %q:\n%s", want, e.Trace)
		}
	}
	if strings.Contains(e.Trace, "main chunk") || strings.Contains(e.Trace, "[G]") {
		t.Errorf("trace:\n%s", e.Trace)
	}
	_, err = call(t, set, script.Call{Hook: "status"})
	e = scriptError(t, err)
	if e.Line != 9 || e.Text != "attempt to concatenate a nil value (field 'deletionTimestamp')" || !strings.Contains(e.Trace, "in status") {
		t.Errorf("%+v", e)
	}
}

func TestErrorsOfReadBecomeResults(t *testing.T) {
	set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", "\nfunction on_start() return 1 end")
	cause := errors.New("answer: 1 is no outcome")
	err := set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start"}, func(script.Answer) error { return cause })
	e := scriptError(t, err)
	if e.Kind != script.Result || e.Line != 2 || err.Error() != "flaky.lua:2: on_start: answer: 1 is no outcome" || e.Source == "" {
		t.Errorf("%+v", e)
	}
	if got, err := call(t, set, script.Call{}); err != nil || got != 1.0 {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}

func TestACallOfAMissingHookIsAnError(t *testing.T) {
	set := hook(t, "")
	_, err := call(t, set, script.Call{Hook: "status"})
	wantError(t, err, "flaky.lua has no function status to call")
}

func TestAPanicOfReadFreesThePlace(t *testing.T) {
	rt := newRuntime(t, script.Options{Slots: 1})
	set := mustLoad(t, rt, "flaky.lua", "function on_start() return 1 end")
	func() {
		defer func() { _ = recover() }()
		_ = set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start"}, func(script.Answer) error { panic("read") })
	}()
	if got, err := call(t, set, script.Call{}); err != nil || got != 1.0 {
		t.Errorf("the place is lost: %v, %v", got, err)
	}
}

func TestErrorTextsAreBounded(t *testing.T) {
	_, err := eval(t, `error(("x"):rep(1e6))`)
	if e := scriptError(t, err); len(e.Text) > 2100 {
		t.Errorf("the text has %d bytes", len(e.Text))
	}
}
